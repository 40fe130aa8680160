async fn track(
    ctx: &Cx,
    Path(app): Path<String>,
    body: Json<Track>,
) -> Result<(Json<Tracked>, StatusCode)> {
    todo()
}
const _: () = {
    ::plugin_core::__rt::inventory::submit(
        ::plugin_core::__rt::Registration::new(
            ::plugin_core::__rt::endpoint::async_context::<
                Cx,
                (Path<String>, Json<Track>),
                _,
                _,
            >(
                track,
                ::plugin_core::__rt::EndpointMeta {
                    method: "POST",
                    path: "/track/{app}",
                    access: ::plugin_core::__rt::Access::Public,
                    rate: ::core::option::Option::Some((
                        30u32,
                        ::core::time::Duration::from_millis(1000u64),
                    )),
                    body: ::core::option::Option::Some(65536usize),
                    timeout: ::core::option::Option::Some(
                        ::core::time::Duration::from_millis(10000u64),
                    ),
                },
                |__description| {
                    #[allow(unused_imports)]
                    use ::plugin_core::__rt::probe::{
                        Infallible as _, Unknown as _, Unstated as _,
                    };
                    __description
                        .argument(
                            "app",
                            ::plugin_core::__rt::probe::of::<Path<String>>()
                                .describe(__description.generator()),
                        );
                    __description
                        .argument(
                            "body",
                            ::plugin_core::__rt::probe::of::<Json<Track>>()
                                .describe(__description.generator()),
                        );
                    __description
                        .result(
                            ::plugin_core::__rt::probe::of::<
                                Result<(Json<Tracked>, StatusCode)>,
                            >()
                                .ok()
                                .with_status()
                                .describe(__description.generator()),
                        );
                },
            ),
            &::plugin_core::__rt::Site {
                name: "track",
                ident: "track",
                doc: "",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
