async fn github(ctx: &Cx, delivery: &WebhookDelivery) -> Result<()> {
    Ok(())
}
const _: () = {
    ::plugin_core::__rt::inventory::submit(
        ::plugin_core::__rt::Registration::new(
            ::plugin_core::__rt::webhook::async_context::<
                Cx,
                WebhookDelivery,
                _,
                _,
            >(
                github,
                ::plugin_core::__rt::webhook::Meta {
                    events: &["push", "pull_request"],
                    verify: ::plugin_core::__rt::verify::github::<
                        Cx,
                        _,
                    >(|config| &config.github.secret),
                    timeout: ::core::option::Option::None,
                },
            ),
            &::plugin_core::__rt::Site {
                name: "github-events",
                ident: "github",
                doc: "",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
