async fn start(ctx: &Cx) -> Result<()> {
    Ok(())
}
const _: () = {
    ::plugin_core::__rt::inventory::submit(
        ::plugin_core::__rt::Registration::new(
            ::plugin_core::__rt::activate::async_context::<
                Cx,
                _,
                _,
            >(
                start,
                ::core::option::Option::Some(
                    ::core::time::Duration::from_millis(1000u64),
                ),
            ),
            &::plugin_core::__rt::Site {
                name: "start",
                ident: "start",
                doc: "",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
