/// Counts things.
pub struct Analytics;
const _: () = {
    impl ::plugin_core::__rt::Plugin for Analytics {
        type Config = Settings;
        const ID: &'static str = "analytics-plugin";
        fn ix() -> &'static ::plugin_core::__rt::Ix {
            static IX: ::plugin_core::__rt::Ix = ::plugin_core::__rt::Ix::of(
                &::plugin_core::__rt::PLUGINS,
            );
            &IX
        }
    }
    ::plugin_core::__rt::inventory::submit(
        ::plugin_core::__rt::Registration::new(
            ::plugin_core::__rt::plugin::<
                Analytics,
            >(::plugin_core::__rt::PluginMeta {
                version: ::core::env!("CARGO_PKG_VERSION"),
                authors: ::core::env!("CARGO_PKG_AUTHORS"),
                license: ::core::env!("CARGO_PKG_LICENSE"),
                requires: &[("data-source", ">=1")],
                durability: ::plugin_core::__rt::Durability::Synced,
                indexes: &[],
            }),
            &::plugin_core::__rt::Site {
                name: "analytics",
                ident: "Analytics",
                doc: "Counts things.",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
