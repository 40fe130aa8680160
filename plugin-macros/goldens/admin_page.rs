async fn extension_dashboard(ctx: &Cx, admin: Admin) -> Result<Html> {
    Ok(html())
}
const _: () = {
    ::plugin_core::__rt::inventory::submit(
        ::plugin_core::__rt::Registration::new(
            ::plugin_core::__rt::admin_page::async_context::<
                Cx,
                (Admin,),
                _,
                _,
            >(
                extension_dashboard,
                ::plugin_core::__rt::admin_page::Meta {
                    path: "/dashboard",
                    title: "Extension Dashboard",
                    icon: ::core::option::Option::Some("chart-bar"),
                    component: "ExtensionDashboard",
                    group: "plugins",
                    timeout: ::core::option::Option::None,
                },
            ),
            &::plugin_core::__rt::Site {
                name: "extension-dashboard",
                ident: "extension_dashboard",
                doc: "",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
