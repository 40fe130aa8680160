#[cfg(unix)]
fn remember(_: &ConversationEnd) {}
#[cfg(unix)]
const _: () = {
    ::plugin_core::__rt::inventory::submit(
        ::plugin_core::__rt::Registration::new(
            ::plugin_core::__rt::hook::sync_bare::<
                crate::Analytics,
                ConversationEnd,
                _,
                _,
            >(
                remember,
                ::plugin_core::__rt::hook::Meta {
                    point: ::core::option::Option::None,
                    priority: 10i32,
                    timeout: ::core::option::Option::Some(
                        ::core::time::Duration::from_millis(250u64),
                    ),
                },
            ),
            &::plugin_core::__rt::Site {
                name: "other-name",
                ident: "remember",
                doc: "",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
