/// Adds the language.
fn with_language(old: ConversationV1) -> Result<Conversation> {
    todo()
}
const _: () = {
    ::plugin_core::__rt::inventory::submit(
        ::plugin_core::__rt::Registration::new(
            ::plugin_core::__rt::stored::migration::<
                ConversationV1,
                _,
                _,
            >(with_language, ::core::option::Option::Some(1u16)),
            &::plugin_core::__rt::Site {
                name: "with-language",
                ident: "with_language",
                doc: "Adds the language.",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
