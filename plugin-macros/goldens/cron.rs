async fn daily_cleanup(ctx: &Cx, run: CronRun) -> Result<()> {
    Ok(())
}
const _: () = {
    ::plugin_core::__rt::inventory::submit(
        ::plugin_core::__rt::Registration::new(
            ::plugin_core::__rt::cron::async_context::<
                Cx,
                (CronRun,),
                _,
                _,
            >(
                daily_cleanup,
                ::plugin_core::__rt::cron::Meta {
                    schedule: "0 2 * * *",
                    timezone: ::core::option::Option::Some("America/New_York"),
                    catch_up: ::plugin_core::__rt::CatchUp::None,
                    timeout: ::core::option::Option::Some(
                        ::core::time::Duration::from_millis(3600000u64),
                    ),
                },
            ),
            &::plugin_core::__rt::Site {
                name: "daily-cleanup",
                ident: "daily_cleanup",
                doc: "",
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
                package: ::core::env!("CARGO_PKG_NAME"),
            },
        ),
    )
};
