#[derive(
    ::plugin_core::__rt::serde::Serialize,
    ::plugin_core::__rt::serde::Deserialize,
    ::plugin_core::__rt::schemars::JsonSchema,
    ::core::clone::Clone,
    ::core::fmt::Debug
)]
#[serde(
    crate = "::plugin_core::__rt::serde",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[schemars(crate = "::plugin_core::__rt::schemars")]
pub enum Outcome {
    HandedOver,
    Rated(u8),
    #[serde(rename_all = "kebab-case")]
    Closed { closed_by: String, #[serde(rename = "why")] reason: Option<String> },
}
const _: () = {
    impl ::plugin_core::__rt::stored::Stored for Outcome {
        fn shape() -> &'static ::plugin_core::__rt::stored::Shape {
            const {
                &::plugin_core::__rt::stored::Shape::Enum(
                    &[
                        ::plugin_core::__rt::stored::Variant {
                            name: "handedOver",
                            content: ::plugin_core::__rt::stored::Content::Unit,
                        },
                        ::plugin_core::__rt::stored::Variant {
                            name: "rated",
                            content: ::plugin_core::__rt::stored::Content::Newtype(
                                <u8 as ::plugin_core::__rt::stored::Stored>::shape,
                            ),
                        },
                        ::plugin_core::__rt::stored::Variant {
                            name: "closed",
                            content: ::plugin_core::__rt::stored::Content::Struct(
                                &[
                                    ::plugin_core::__rt::stored::Field {
                                        name: "closed-by",
                                        shape: <String as ::plugin_core::__rt::stored::Stored>::shape,
                                    },
                                    ::plugin_core::__rt::stored::Field {
                                        name: "why",
                                        shape: <Option<
                                            String,
                                        > as ::plugin_core::__rt::stored::Stored>::shape,
                                    },
                                ],
                            ),
                        },
                    ],
                )
            }
        }
        fn store(
            &self,
            into: &mut ::plugin_core::__rt::stored::Outgoing,
        ) -> ::core::result::Result<(), ::plugin_core::__rt::stored::CodecError> {
            match self {
                Self::HandedOver {} => {
                    into.variant(0u32);
                }
                Self::Rated { 0: field0 } => {
                    into.variant(1u32);
                    <u8 as ::plugin_core::__rt::stored::Stored>::store(field0, into)?;
                }
                Self::Closed { closed_by: field0, reason: field1 } => {
                    into.variant(2u32);
                    <String as ::plugin_core::__rt::stored::Stored>::store(
                        field0,
                        into,
                    )?;
                    <Option<
                        String,
                    > as ::plugin_core::__rt::stored::Stored>::store(field1, into)?;
                }
            }
            ::core::result::Result::Ok(())
        }
        fn load(
            from: &mut ::plugin_core::__rt::stored::Incoming<'_>,
        ) -> ::core::result::Result<Self, ::plugin_core::__rt::stored::CodecError> {
            match from.variant()? {
                0u32 => ::core::result::Result::Ok(Self::HandedOver {}),
                1u32 => {
                    ::core::result::Result::Ok(Self::Rated {
                        0: <u8 as ::plugin_core::__rt::stored::Stored>::load(from)?,
                    })
                }
                2u32 => {
                    ::core::result::Result::Ok(Self::Closed {
                        closed_by: <String as ::plugin_core::__rt::stored::Stored>::load(
                            from,
                        )?,
                        reason: <Option<
                            String,
                        > as ::plugin_core::__rt::stored::Stored>::load(from)?,
                    })
                }
                other => {
                    ::core::result::Result::Err(
                        ::plugin_core::__rt::stored::no_variant(other),
                    )
                }
            }
        }
    }
    impl ::plugin_core::__rt::stored::query::Compared for Outcome {
        type As = Self;
        type Null = ::plugin_core::__rt::stored::query::NotNull;
    }
    impl ::plugin_core::__rt::stored::query::Plain for Outcome {}
    impl<__N> ::plugin_core::__rt::stored::query::Operand<Outcome, __N> for Outcome {}
    impl ::plugin_core::__rt::stored::query::Fields for Outcome {
        type Of<__Document> = ::plugin_core::__rt::stored::query::NothingWithin<Outcome>;
        fn fields<__Document>(
            _: ::plugin_core::__rt::stored::query::Path<__Document>,
        ) -> ::plugin_core::__rt::stored::query::NothingWithin<Outcome> {
            ::plugin_core::__rt::stored::query::NothingWithin::here()
        }
    }
};
