#[derive(
    ::plugin_core::__rt::serde::Serialize,
    ::plugin_core::__rt::serde::Deserialize,
    ::plugin_core::__rt::schemars::JsonSchema,
    ::core::clone::Clone,
    ::core::fmt::Debug
)]
#[serde(crate = "::plugin_core::__rt::serde", rename_all = "camelCase")]
#[schemars(crate = "::plugin_core::__rt::schemars")]
struct ConversationV1 {
    id: String,
}
const _: () = {
    impl ::plugin_core::__rt::stored::Stored for ConversationV1 {
        fn shape() -> &'static ::plugin_core::__rt::stored::Shape {
            const {
                &::plugin_core::__rt::stored::Shape::Struct(
                    &[
                        ::plugin_core::__rt::stored::Field {
                            name: "id",
                            shape: <String as ::plugin_core::__rt::stored::Stored>::shape,
                        },
                    ],
                )
            }
        }
        fn store(
            &self,
            into: &mut ::plugin_core::__rt::stored::Outgoing,
        ) -> ::core::result::Result<(), ::plugin_core::__rt::stored::CodecError> {
            <String as ::plugin_core::__rt::stored::Stored>::store(&self.id, into)?;
            ::core::result::Result::Ok(())
        }
        fn load(
            from: &mut ::plugin_core::__rt::stored::Incoming<'_>,
        ) -> ::core::result::Result<Self, ::plugin_core::__rt::stored::CodecError> {
            ::core::result::Result::Ok(Self {
                id: <String as ::plugin_core::__rt::stored::Stored>::load(from)?,
            })
        }
    }
    impl ::plugin_core::__rt::stored::query::Compared for ConversationV1 {
        type As = Self;
        type Null = ::plugin_core::__rt::stored::query::NotNull;
    }
    impl ::plugin_core::__rt::stored::query::Plain for ConversationV1 {}
    impl<__N> ::plugin_core::__rt::stored::query::Operand<ConversationV1, __N>
    for ConversationV1 {}
    #[doc(hidden)]
    #[derive(::core::fmt::Debug)]
    pub struct FieldsOfConversationV1<__Document>(
        ::plugin_core::__rt::stored::query::Path<__Document>,
    );
    #[allow(
        non_snake_case,
        dead_code,
        private_interfaces,
        clippy::all,
        clippy::pedantic
    )]
    impl<__Document> FieldsOfConversationV1<__Document> {
        pub fn id(
            &self,
        ) -> ::plugin_core::__rt::stored::query::Field<__Document, String> {
            self.0.field("id")
        }
    }
    impl ::plugin_core::__rt::stored::query::Fields for ConversationV1 {
        type Of<__Document> = FieldsOfConversationV1<__Document>;
        fn fields<__Document>(
            within: ::plugin_core::__rt::stored::query::Path<__Document>,
        ) -> FieldsOfConversationV1<__Document> {
            FieldsOfConversationV1(within)
        }
    }
    const __META: ::plugin_core::__rt::stored::DocumentMeta = ::plugin_core::__rt::stored::document_meta::<
        ConversationV1,
    >("id", &[]);
    impl ::plugin_core::__rt::stored::DocumentVersion for ConversationV1 {
        type Plugin = Analytics;
        const COLLECTION: &'static str = "conversations";
        const VERSION: u16 = 1u16;
        fn id(&self) -> &str {
            ::plugin_core::__rt::stored::id(&self.id)
        }
    }
    ::plugin_core::__rt::inventory::submit(
        ::plugin_core::__rt::Registration::new(
            ::plugin_core::__rt::stored::retired::<ConversationV1>(__META),
            &::plugin_core::__rt::Site {
                name: "conversations-v1",
                ident: "ConversationV1",
                doc: "",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
