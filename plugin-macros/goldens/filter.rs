fn redact(_: &Cx, mut message: OutgoingMessage) -> OutgoingMessage {
    message
}
const _: () = {
    ::plugin_core::__rt::inventory::submit(
        ::plugin_core::__rt::Registration::new(
            ::plugin_core::__rt::filter::sync_context::<
                Cx,
                OutgoingMessage,
                _,
                _,
            >(
                redact,
                ::plugin_core::__rt::filter::Meta {
                    point: ::core::option::Option::Some("message:beforeSend"),
                    priority: -20i32,
                    timeout: ::core::option::Option::None,
                },
            ),
            &::plugin_core::__rt::Site {
                name: "redact",
                ident: "redact",
                doc: "",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
