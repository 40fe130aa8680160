fn stats() -> impl Responder {
    1
}
const _: () = {
    ::plugin_core::__rt::inventory::submit(
        ::plugin_core::__rt::Registration::new(
            ::plugin_core::__rt::endpoint::sync_bare::<
                Analytics,
                (),
                _,
                _,
            >(
                stats,
                ::plugin_core::__rt::EndpointMeta {
                    method: "GET",
                    path: "/stats",
                    access: ::plugin_core::__rt::Access::Scope("admin"),
                    rate: ::core::option::Option::None,
                    body: ::core::option::Option::None,
                    timeout: ::core::option::Option::None,
                },
                |__description| {
                    #[allow(unused_imports)]
                    use ::plugin_core::__rt::probe::{
                        Infallible as _, Unknown as _, Unstated as _,
                    };
                },
            ),
            &::plugin_core::__rt::Site {
                name: "stats",
                ident: "stats",
                doc: "",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
