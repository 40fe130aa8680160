#[derive(
    ::plugin_core::__rt::serde::Serialize,
    ::plugin_core::__rt::serde::Deserialize,
    ::plugin_core::__rt::schemars::JsonSchema,
    ::core::clone::Clone,
    ::core::fmt::Debug
)]
#[serde(rename_all = "snake_case")]
#[serde(crate = "::plugin_core::__rt::serde")]
#[schemars(crate = "::plugin_core::__rt::schemars")]
pub struct Ended {
    pub app_id: String,
}
const _: () = {
    impl ::plugin_core::__rt::Event for Ended {
        const NAME: &'static str = "data-source:ended";
        type Plugin = DataSource;
    }
    ::plugin_core::__rt::inventory::submit(
        ::plugin_core::__rt::Registration::new(
            ::plugin_core::__rt::event::<Ended>(),
            &::plugin_core::__rt::Site {
                name: "ended",
                ident: "Ended",
                doc: "",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
