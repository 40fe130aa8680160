/// Remembers it.
async fn remember(ctx: &Context<Analytics>, ended: &ConversationEnd) -> Result<()> {
    Ok(())
}
const _: () = {
    ::plugin_core::__rt::inventory::submit(
        ::plugin_core::__rt::Registration::new(
            ::plugin_core::__rt::hook::async_context::<
                Context<Analytics>,
                ConversationEnd,
                _,
                _,
            >(
                remember,
                ::plugin_core::__rt::hook::Meta {
                    point: ::core::option::Option::Some("conversation:end"),
                    priority: 5i32,
                    timeout: ::core::option::Option::None,
                },
            ),
            &::plugin_core::__rt::Site {
                name: "remember",
                ident: "remember",
                doc: "Remembers it.",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
