//! `serve`: open, start, announce, wait, drain, stop.

use std::{
    future::Future,
    io::{self, Write},
    net::{SocketAddr, TcpListener, ToSocketAddrs},
    process,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use actix_web::web::Data;
use plugin_core::{
    Clock,
    catalog::Catalog,
    host::{Builder, Host},
    store::engine::Engine,
};
use tokio::{
    runtime::Handle,
    signal::unix::{Signal, SignalKind, signal},
};

use crate::{
    auth::Auth,
    backups::Store,
    control::{self, Control},
    exit::Failure,
    http::{self, Server, backups::CONTROL},
    runtime::{self, Tasks},
    settings::Settings,
    storage::{self, Opened, Standing},
};

/// How long after the signal deliveries and runs may take to end when the server stops; requests have had their time by then.
const DRAIN: Duration = Duration::from_secs(25);
/// How long after the signal plugins may take to be deactivated, so that the store is synced before the stop is cut short.
const DEACTIVATED: Duration = Duration::from_secs(28);
/// When a stop that does not end is cut short.
const HARD_STOP: Duration = Duration::from_secs(30);

/// How soon after the first a second signal is the same one.
const AT_ONCE: Duration = Duration::from_millis(500);

/// What becomes of a start at which a plugin failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnFailedPlugin {
    /// The rest runs.
    Run,
    /// The start is given up.
    Stop,
}

/// Serves until a signal ends it.
///
/// # Errors
/// Whatever keeps it from starting, or from stopping as it should.
pub(crate) fn serve(settings: Settings, catalog: Catalog, on_failed: OnFailedPlugin) -> Result<(), Failure> {
    if on_failed == OnFailedPlugin::Stop {
        let wrong: Vec<String> = settings.show().1.iter().map(ToString::to_string).collect();
        if !wrong.is_empty() {
            return Err(Failure::Usage(wrong.join("\n")));
        }
    }
    let listener = listen(&settings.listen)?;
    let Opened { engine, store, standing, closing } = storage::open(&settings.data_dir)?;
    let runtime = runtime::start()?;
    let served = actix_web::rt::System::new().block_on(run(
        &settings,
        catalog,
        engine,
        (store, standing),
        listener,
        on_failed,
        runtime.handle().clone(),
    ));
    runtime.shutdown_background();
    closing.wait();
    served
}

async fn run(
    settings: &Settings,
    catalog: Catalog,
    engine: Arc<dyn Engine>,
    (store, standing): (Store, Standing),
    listener: TcpListener,
    on_failed: OnFailedPlugin,
    tasks: Handle,
) -> Result<(), Failure> {
    let mut signals = Signals::watch().map_err(Failure::failed)?;
    let host = built(host(settings, catalog, engine, tasks.clone())).await?;
    // Looks until this function ends: at what plugins do while they start, too.
    let _watching = host.watchdog().start().map_err(Failure::failed)?;
    on(&tasks, {
        let host = host.clone();
        async move { host.start().await }
    })
    .await?;
    if on_failed == OnFailedPlugin::Stop && !host.failed().is_empty() {
        on(&tasks, {
            let host = host.clone();
            async move { host.stop(DRAIN).await }
        })
        .await?;
        return Err(Failure::Failed(failed_plugins(&host)));
    }

    let bound = listener.local_addr().map_err(Failure::failed)?;
    let address = format!("http://{}", control::local(bound));
    let token = Auth::random_token();
    let mut auth = Auth::of(&host).with_fixed(CONTROL, &token);
    if let Some(token) = &settings.admin_token {
        auth = auth.with_fixed("environment", token.expose());
    }
    if settings.admin_token.is_none() {
        offer_sign_in(&auth, &address).await?;
    }
    let control = Control { address: address.clone(), token }.write(&settings.data_dir);
    let control = control.map_err(|error| Failure::Failed(format!("cannot write into the data directory: {error}")))?;
    let server = Server::new(host.clone(), auth, address, tasks.clone()).map_err(|conflicts| {
        Failure::Catalog(conflicts.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })?;
    let server = Data::new(server.watching(standing).on_disk(store, settings.backup_dir.clone()));
    let http = http::server::start(listener, Data::clone(&server), settings.workers).map_err(Failure::failed)?;
    server.open();
    announce(bound)?;

    signals.next().await;
    tracing::info!("stopping");
    cut_short(signals);
    let since = Instant::now();
    server.close();
    // Work that runs may end while requests do; what they still publish waits on disk for the next start. It is broken off only
    // when no request is left that could wait for it.
    host.close();
    http.drain().await;
    let gone = since.elapsed();
    let (drain, whole) = (DRAIN.saturating_sub(gone), DEACTIVATED.saturating_sub(gone));
    on(&tasks, async move { host.stop_within(drain, whole).await }).await?;
    drop(control);
    tracing::info!("stopped");
    Ok(())
}

/// The host of `catalog` as `settings` say, to be [built](built).
pub(crate) fn host(settings: &Settings, catalog: Catalog, engine: Arc<dyn Engine>, tasks: Handle) -> Builder {
    Host::builder(catalog, engine, Clock::system(), Arc::new(Tasks(tasks)))
        .settings(settings.plugins.clone())
        .timing(settings.timing)
}

/// What `host` makes, not started.
///
/// # Errors
/// If the store cannot be read.
pub(crate) async fn built(host: Builder) -> Result<Host, Failure> {
    let host = host.build().await.map_err(|error| Failure::Store(format!("the store cannot be read: {error:?}")))?;
    match host.orphans().await {
        Ok(orphans) if !orphans.is_empty() => {
            tracing::warn!(plugins = orphans.join(", "), "data of plugins that this binary does not have is kept");
        }
        Ok(_) => {}
        Err(error) => return Err(Failure::Store(format!("the store cannot be read: {error}"))),
    }
    Ok(host)
}

/// Runs `work` on the host's threads.
pub(crate) async fn on<T: Send + 'static>(
    tasks: &Handle,
    work: impl Future<Output = plugin_core::Result<T>> + Send + 'static,
) -> Result<T, Failure> {
    match tasks.spawn(work).await {
        Ok(done) => done.map_err(Failure::of_host),
        Err(error) => Err(Failure::Failed(format!("the host's work was cut off: {error}"))),
    }
}

/// The failed plugins of `host` and why, a line each.
pub(crate) fn failed_plugins(host: &Host) -> String {
    let lines = host.failed().into_iter().map(|(id, reason)| format!("the plugin `{id}` cannot work: {reason}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Binds `listen`; what is wrong with it is one sentence.
fn listen(listen: &str) -> Result<TcpListener, Failure> {
    let cannot = |error: io::Error| {
        Failure::Failed(match error.kind() {
            io::ErrorKind::AddrInUse => format!("cannot listen on {listen}: another process listens there already"),
            io::ErrorKind::PermissionDenied => format!("cannot listen on {listen}: this user may not use that port"),
            io::ErrorKind::AddrNotAvailable => {
                format!("cannot listen on {listen}: this machine does not have that address")
            }
            _ => format!("cannot listen on {listen}: {error}"),
        })
    };
    let addresses: Vec<SocketAddr> = listen.to_socket_addrs().map_err(cannot)?.collect();
    let listener = TcpListener::bind(&*addresses).map_err(cannot)?;
    listener.set_nonblocking(true).map_err(cannot)?;
    Ok(listener)
}

/// The one line on stdout: whoever started the server reads from it that it is ready, and where.
fn announce(address: SocketAddr) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = writeln!(stdout, "listening on http://{address}").and_then(|()| stdout.flush());
    written.map_err(|error| Failure::Failed(format!("cannot write to stdout: {error}")))
}

/// As long as nobody can sign in with a token, whoever started the server can with a link.
async fn offer_sign_in(auth: &Auth, address: &str) -> Result<(), Failure> {
    if auth.tokens.any_admin().await.map_err(Failure::of_host)? {
        return Ok(());
    }
    let secret = auth.sessions.link().await.map_err(Failure::of_host)?;
    let url = http::tokens::sign_in_url(address, &secret);
    // Not a log line: a link is for the one who sees it now, and logs are kept.
    drop(writeln!(io::stderr(), "no admin token exists yet; sign in within 10 minutes at {url}"));
    Ok(())
}

/// Ends the process when the stop takes too long, or at a second signal.
fn cut_short(mut signals: Signals) {
    let began = Instant::now();
    actix_web::rt::spawn(async move {
        // Whoever signals both a process and its group sends one signal twice.
        loop {
            signals.next().await;
            if began.elapsed() >= AT_ONCE {
                break;
            }
        }
        tracing::error!("cut short by a second signal");
        process::exit(1);
    });
    #[expect(clippy::disallowed_methods, reason = "the deadline must come whatever the runtimes are held up by")]
    thread::spawn(|| {
        thread::sleep(HARD_STOP);
        tracing::error!("the stop took longer than {HARD_STOP:?} and is cut short");
        process::exit(1);
    });
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn watch() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Returns at the next of them.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
