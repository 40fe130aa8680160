#[derive(Debug)]
struct A {
    field: u8,
}
const _: () = {
    impl ::plugin_core::__rt::Plugin for A {
        type Config = ();
        const ID: &'static str = "a";
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
                A,
            >(::plugin_core::__rt::PluginMeta {
                version: "2.0.0-rc.1",
                authors: ::core::env!("CARGO_PKG_AUTHORS"),
                license: ::core::env!("CARGO_PKG_LICENSE"),
                requires: &[("b", "*"), ("c", "^1.2, <1.9")],
                durability: ::plugin_core::__rt::Durability::Relaxed,
                indexes: &[
                    ::plugin_core::__rt::stored::IndexMeta {
                        prefix: "talks:",
                        fields: &[
                            ::plugin_core::__rt::stored::IndexField {
                                path: "speaker",
                                direction: ::plugin_core::__rt::stored::Direction::Ascending,
                            },
                            ::plugin_core::__rt::stored::IndexField {
                                path: "meta.length",
                                direction: ::plugin_core::__rt::stored::Direction::Descending,
                            },
                        ],
                        unique: ::plugin_core::__rt::stored::Unique::No,
                        sparse: ::plugin_core::__rt::stored::Sparse::No,
                    },
                    ::plugin_core::__rt::stored::IndexMeta {
                        prefix: "",
                        fields: &[
                            ::plugin_core::__rt::stored::IndexField {
                                path: "type",
                                direction: ::plugin_core::__rt::stored::Direction::Ascending,
                            },
                        ],
                        unique: ::plugin_core::__rt::stored::Unique::Yes,
                        sparse: ::plugin_core::__rt::stored::Sparse::Yes,
                    },
                ],
            }),
            &::plugin_core::__rt::Site {
                name: "a",
                ident: "A",
                doc: "",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
