const _: () = {
    impl Settings {
        fn __default_of_keep_days() -> u32 {
            30
        }
        fn __default_of_label() -> Option<String> {
            ::core::option::Option::None
        }
        fn __default_of_password() -> String {
            ::core::default::Default::default()
        }
        fn __min_of_keep_days() -> u32 {
            1
        }
        fn __max_of_keep_days() -> u32 {
            365
        }
    }
    impl ::plugin_core::__rt::Config for Settings {
        fn read(
            __fields: &mut ::plugin_core::__rt::Fields<'_>,
        ) -> ::core::option::Option<Self> {
            let keep_days = __fields
                .take::<
                    u32,
                >(
                    "keep_days",
                    ::core::option::Option::Some(Self::__default_of_keep_days),
                );
            __fields
                .within(
                    "keep_days",
                    keep_days.as_ref(),
                    ::core::option::Option::Some(Self::__min_of_keep_days()),
                    ::core::option::Option::Some(Self::__max_of_keep_days()),
                );
            let label = __fields
                .take::<
                    Option<String>,
                >("label", ::core::option::Option::Some(Self::__default_of_label));
            let password = __fields
                .take_secret::<
                    String,
                >("password", ::core::option::Option::Some(Self::__default_of_password));
            ::core::option::Option::Some(Self {
                keep_days: keep_days?,
                label: label?,
                password: password?,
            })
        }
        fn schema(
            __generator: &mut ::plugin_core::__rt::schemars::SchemaGenerator,
        ) -> ::plugin_core::__rt::schemars::Schema {
            ::plugin_core::__rt::config::object_schema(
                "What it is set to.",
                ::std::vec::Vec::from([
                    (
                        "keep_days",
                        ::plugin_core::__rt::config::limited(
                            ::plugin_core::__rt::config::field_schema::<
                                u32,
                            >(
                                __generator,
                                "How long.",
                                ::core::option::Option::Some(
                                    ::plugin_core::__rt::config::shown(
                                        &Self::__default_of_keep_days(),
                                    ),
                                ),
                            ),
                            ::core::option::Option::Some(
                                ::plugin_core::__rt::config::shown(
                                    &Self::__min_of_keep_days(),
                                ),
                            ),
                            ::core::option::Option::Some(
                                ::plugin_core::__rt::config::shown(
                                    &Self::__max_of_keep_days(),
                                ),
                            ),
                        ),
                        ::plugin_core::__rt::Required::No,
                    ),
                    (
                        "label",
                        ::plugin_core::__rt::config::field_schema::<
                            Option<String>,
                        >(__generator, "", ::core::option::Option::None),
                        ::plugin_core::__rt::Required::No,
                    ),
                    (
                        "password",
                        ::plugin_core::__rt::config::field_schema::<
                            String,
                        >(__generator, "", ::core::option::Option::None),
                        ::plugin_core::__rt::Required::No,
                    ),
                ]),
            )
        }
        fn show(&self) -> ::plugin_core::__rt::serde_json::Value {
            ::plugin_core::__rt::config::object(
                ::std::vec::Vec::from([
                    ("keep_days", ::plugin_core::__rt::config::shown(&self.keep_days)),
                    ("label", ::plugin_core::__rt::config::shown(&self.label)),
                    ("password", ::plugin_core::__rt::config::shown(&"***")),
                ]),
            )
        }
    }
    impl ::plugin_core::__rt::serde::Serialize for Settings {
        fn serialize<S: ::plugin_core::__rt::serde::Serializer>(
            &self,
            serializer: S,
        ) -> ::core::result::Result<S::Ok, S::Error> {
            ::plugin_core::__rt::serde::Serialize::serialize(
                &::plugin_core::__rt::Config::show(self),
                serializer,
            )
        }
    }
    impl<'de> ::plugin_core::__rt::serde::Deserialize<'de> for Settings {
        fn deserialize<D: ::plugin_core::__rt::serde::Deserializer<'de>>(
            deserializer: D,
        ) -> ::core::result::Result<Self, D::Error> {
            ::plugin_core::__rt::config::deserialize(deserializer)
        }
    }
    impl ::plugin_core::__rt::schemars::JsonSchema for Settings {
        fn schema_name() -> ::std::borrow::Cow<'static, str> {
            ::std::convert::Into::into("Settings")
        }
        fn inline_schema() -> bool {
            true
        }
        fn json_schema(
            generator: &mut ::plugin_core::__rt::schemars::SchemaGenerator,
        ) -> ::plugin_core::__rt::schemars::Schema {
            <Self as ::plugin_core::__rt::Config>::schema(generator)
        }
    }
    impl ::core::clone::Clone for Settings {
        fn clone(&self) -> Self {
            Self {
                keep_days: ::core::clone::Clone::clone(&self.keep_days),
                label: ::core::clone::Clone::clone(&self.label),
                password: ::core::clone::Clone::clone(&self.password),
            }
        }
    }
    impl ::core::fmt::Debug for Settings {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            f.debug_struct("Settings")
                .field("keep_days", &self.keep_days)
                .field("label", &self.label)
                .field("password", &"***")
                .finish()
        }
    }
};
