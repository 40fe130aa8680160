//! The names that attributes take and the pictures that the server carries are the same set, as they came from Lucide.

use std::{collections::BTreeSet, fs, path::Path};

#[test]
fn every_icon_has_its_picture_and_every_picture_its_name() {
    let folder = Path::new("../../plugin-server/assets/icons");
    let files = fs::read_dir(folder).expect("the pictures are in the server's assets");
    let pictures: BTreeSet<String> = files
        .filter_map(|file| file.ok()?.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".svg").map(str::to_owned))
        .collect();
    let names: BTreeSet<String> = plugin_syntax::icons().map(str::to_owned).collect();
    assert_eq!(pictures, names);
    let vendor = fs::read_to_string(folder.join("VENDOR")).expect("where they came from is recorded");
    for name in names {
        assert!(vendor.contains(&format!("  {name}.svg")), "VENDOR has no checksum of {name}");
    }
}
