#[derive(
    ::plugin_core::__rt::serde::Serialize,
    ::plugin_core::__rt::serde::Deserialize,
    ::plugin_core::__rt::schemars::JsonSchema,
    ::core::clone::Clone,
    ::core::fmt::Debug
)]
#[derive(PartialEq)]
#[serde(
    crate = "::plugin_core::__rt::serde",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[schemars(crate = "::plugin_core::__rt::schemars")]
pub enum Shape {
    Round { full_size: u32 },
    Square,
}
