#[derive(
    ::plugin_core::__rt::serde::Serialize,
    ::plugin_core::__rt::serde::Deserialize,
    ::plugin_core::__rt::schemars::JsonSchema,
    ::core::clone::Clone,
    ::core::fmt::Debug
)]
/// A conversation was closed.
#[serde(crate = "::plugin_core::__rt::serde", rename_all = "camelCase")]
#[schemars(crate = "::plugin_core::__rt::schemars")]
pub struct ConversationEnd {
    pub conversation_id: String,
}
const _: () = {
    impl ::plugin_core::__rt::HookPoint for ConversationEnd {
        const NAME: &'static str = "conversation:end";
        const POLICY: ::plugin_core::__rt::HookPolicy = ::plugin_core::__rt::HookPolicy::Veto;
        fn ix() -> &'static ::plugin_core::__rt::Ix {
            static IX: ::plugin_core::__rt::Ix = ::plugin_core::__rt::Ix::of(
                &::plugin_core::__rt::HOOKS,
            );
            &IX
        }
    }
    ::plugin_core::__rt::inventory::submit(
        ::plugin_core::__rt::Registration::new(
            ::plugin_core::__rt::hook_point::<ConversationEnd>(),
            &::plugin_core::__rt::Site {
                name: "conversation-end",
                ident: "ConversationEnd",
                doc: "A conversation was closed.",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
