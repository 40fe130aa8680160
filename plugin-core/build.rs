//! Nothing is built here: a package that says `links` needs a build script, and `links` keeps a second plugin-core out of a binary.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
}
