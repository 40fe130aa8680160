async fn heard(ctx: &Cx, event: &Dynamic) {}
const _: () = {
    ::plugin_core::__rt::inventory::submit(
        ::plugin_core::__rt::Registration::new(
            ::plugin_core::__rt::listener::async_context::<
                Cx,
                Dynamic,
                _,
                _,
            >(
                heard,
                ::plugin_core::__rt::listener::Meta {
                    event: ::core::option::Option::Some("data-source:ended"),
                    timeout: ::core::option::Option::None,
                },
            ),
            &::plugin_core::__rt::Site {
                name: "heard",
                ident: "heard",
                doc: "",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
