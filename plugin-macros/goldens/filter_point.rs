#[derive(
    ::plugin_core::__rt::serde::Serialize,
    ::plugin_core::__rt::serde::Deserialize,
    ::plugin_core::__rt::schemars::JsonSchema
)]
#[derive(Clone, Debug)]
#[serde(crate = "::plugin_core::__rt::serde", rename_all = "camelCase")]
#[schemars(crate = "::plugin_core::__rt::schemars")]
pub struct OutgoingMessage {
    pub text: String,
}
const _: () = {
    impl ::plugin_core::__rt::FilterPoint for OutgoingMessage {
        const NAME: &'static str = "message:beforeSend";
        const ON_ERROR: ::plugin_core::__rt::OnError = ::plugin_core::__rt::OnError::Keep;
        fn keep(&self) -> ::core::option::Option<Self> {
            ::core::option::Option::Some(::core::clone::Clone::clone(self))
        }
        fn check(&self) -> ::core::result::Result<(), ::std::string::String> {
            not_empty(self)
        }
        fn ix() -> &'static ::plugin_core::__rt::Ix {
            static IX: ::plugin_core::__rt::Ix = ::plugin_core::__rt::Ix::of(
                &::plugin_core::__rt::FILTERS,
            );
            &IX
        }
    }
    ::plugin_core::__rt::inventory::submit(
        ::plugin_core::__rt::Registration::new(
            ::plugin_core::__rt::filter_point::<OutgoingMessage>(),
            &::plugin_core::__rt::Site {
                name: "outgoing-message",
                ident: "OutgoingMessage",
                doc: "",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
