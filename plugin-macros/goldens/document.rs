#[derive(
    ::plugin_core::__rt::serde::Serialize,
    ::plugin_core::__rt::serde::Deserialize,
    ::plugin_core::__rt::schemars::JsonSchema,
    ::core::clone::Clone,
    ::core::fmt::Debug
)]
/// A conversation.
#[serde(crate = "::plugin_core::__rt::serde", rename_all = "camelCase")]
#[schemars(crate = "::plugin_core::__rt::schemars")]
pub struct Conversation {
    /// Which one.
    pub id: String,
    pub user_id: Option<String>,
    pub ended_at: Option<Timestamp>,
    pub meta: Meta,
}
const _: () = {
    impl ::plugin_core::__rt::stored::Stored for Conversation {
        fn shape() -> &'static ::plugin_core::__rt::stored::Shape {
            const {
                &::plugin_core::__rt::stored::Shape::Struct(
                    &[
                        ::plugin_core::__rt::stored::Field {
                            name: "id",
                            shape: <String as ::plugin_core::__rt::stored::Stored>::shape,
                        },
                        ::plugin_core::__rt::stored::Field {
                            name: "userId",
                            shape: <Option<
                                String,
                            > as ::plugin_core::__rt::stored::Stored>::shape,
                        },
                        ::plugin_core::__rt::stored::Field {
                            name: "endedAt",
                            shape: <Option<
                                Timestamp,
                            > as ::plugin_core::__rt::stored::Stored>::shape,
                        },
                        ::plugin_core::__rt::stored::Field {
                            name: "meta",
                            shape: <Meta as ::plugin_core::__rt::stored::Stored>::shape,
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
            <Option<
                String,
            > as ::plugin_core::__rt::stored::Stored>::store(&self.user_id, into)?;
            <Option<
                Timestamp,
            > as ::plugin_core::__rt::stored::Stored>::store(&self.ended_at, into)?;
            <Meta as ::plugin_core::__rt::stored::Stored>::store(&self.meta, into)?;
            ::core::result::Result::Ok(())
        }
        fn load(
            from: &mut ::plugin_core::__rt::stored::Incoming<'_>,
        ) -> ::core::result::Result<Self, ::plugin_core::__rt::stored::CodecError> {
            ::core::result::Result::Ok(Self {
                id: <String as ::plugin_core::__rt::stored::Stored>::load(from)?,
                user_id: <Option<
                    String,
                > as ::plugin_core::__rt::stored::Stored>::load(from)?,
                ended_at: <Option<
                    Timestamp,
                > as ::plugin_core::__rt::stored::Stored>::load(from)?,
                meta: <Meta as ::plugin_core::__rt::stored::Stored>::load(from)?,
            })
        }
    }
    impl ::plugin_core::__rt::stored::query::Compared for Conversation {
        type As = Self;
        type Null = ::plugin_core::__rt::stored::query::NotNull;
    }
    impl ::plugin_core::__rt::stored::query::Plain for Conversation {}
    impl<__N> ::plugin_core::__rt::stored::query::Operand<Conversation, __N>
    for Conversation {}
    #[doc(hidden)]
    #[derive(::core::fmt::Debug)]
    pub struct FieldsOfConversation<__Document>(
        ::plugin_core::__rt::stored::query::Path<__Document>,
    );
    #[allow(
        non_snake_case,
        dead_code,
        private_interfaces,
        clippy::all,
        clippy::pedantic
    )]
    impl<__Document> FieldsOfConversation<__Document> {
        pub fn id(
            &self,
        ) -> ::plugin_core::__rt::stored::query::Field<__Document, String> {
            self.0.field("id")
        }
        pub fn userId(
            &self,
        ) -> ::plugin_core::__rt::stored::query::Field<__Document, Option<String>> {
            self.0.field("userId")
        }
        pub fn endedAt(
            &self,
        ) -> ::plugin_core::__rt::stored::query::Field<__Document, Option<Timestamp>> {
            self.0.field("endedAt")
        }
        pub fn meta(
            &self,
        ) -> ::plugin_core::__rt::stored::query::Field<__Document, Meta> {
            self.0.field("meta")
        }
    }
    impl ::plugin_core::__rt::stored::query::Fields for Conversation {
        type Of<__Document> = FieldsOfConversation<__Document>;
        fn fields<__Document>(
            within: ::plugin_core::__rt::stored::query::Path<__Document>,
        ) -> FieldsOfConversation<__Document> {
            FieldsOfConversation(within)
        }
    }
    const __META: ::plugin_core::__rt::stored::DocumentMeta = ::plugin_core::__rt::stored::document_meta::<
        Conversation,
    >(
        "id",
        &[
            ::plugin_core::__rt::stored::IndexMeta {
                prefix: "conversations:",
                fields: &[
                    ::plugin_core::__rt::stored::IndexField {
                        path: "userId",
                        direction: ::plugin_core::__rt::stored::Direction::Ascending,
                    },
                    ::plugin_core::__rt::stored::IndexField {
                        path: "endedAt",
                        direction: ::plugin_core::__rt::stored::Direction::Descending,
                    },
                ],
                unique: ::plugin_core::__rt::stored::Unique::No,
                sparse: ::plugin_core::__rt::stored::Sparse::No,
            },
            ::plugin_core::__rt::stored::IndexMeta {
                prefix: "conversations:",
                fields: &[
                    ::plugin_core::__rt::stored::IndexField {
                        path: "meta.language",
                        direction: ::plugin_core::__rt::stored::Direction::Ascending,
                    },
                ],
                unique: ::plugin_core::__rt::stored::Unique::Yes,
                sparse: ::plugin_core::__rt::stored::Sparse::Yes,
            },
        ],
    );
    impl ::plugin_core::__rt::stored::DocumentVersion for Conversation {
        type Plugin = Analytics;
        const COLLECTION: &'static str = "conversations";
        const VERSION: u16 = 2u16;
        fn id(&self) -> &str {
            ::plugin_core::__rt::stored::id(&self.id)
        }
    }
    impl ::plugin_core::__rt::stored::Document for Conversation {
        fn meta() -> &'static ::plugin_core::__rt::stored::DocumentMeta {
            &__META
        }
    }
    ::plugin_core::__rt::inventory::submit(
        ::plugin_core::__rt::Registration::new(
            ::plugin_core::__rt::stored::document::<Conversation>(__META),
            &::plugin_core::__rt::Site {
                name: "conversations",
                ident: "Conversation",
                doc: "A conversation.",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
