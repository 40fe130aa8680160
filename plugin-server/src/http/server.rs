//! The socket: connections, their time limits, and the application behind them.

use std::{io, net::TcpListener, time::Duration};

use actix_http::{HttpService, Request};
use actix_server::{Server as Sockets, ServerHandle};
use actix_service::{IntoServiceFactory, Service, ServiceFactoryExt, apply_fn_factory, fn_service, map_config};
use actix_web::{App, dev::AppConfig, middleware::from_fn, rt, web::Data};
use tokio::{net::TcpStream, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{Server, configure, exchange::begin, identified, problems, wire::Wire};

/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a peer has to close its side.
const DISCONNECT_TIME: Duration = Duration::from_secs(2);
/// How long requests that run may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(15);

/// The running sockets.
pub(crate) struct Running {
    sockets: JoinHandle<io::Result<()>>,
    handle: ServerHandle,
    stopping: CancellationToken,
}

impl Running {
    /// Takes no more connections, and returns when the requests that run have ended or their time has.
    pub(crate) async fn drain(self) {
        self.stopping.cancel();
        self.handle.stop(true).await;
        if let Ok(Err(error)) = self.sockets.await {
            tracing::warn!("the sockets did not end well: {error}");
        }
    }
}

/// Answers what comes in on `listener` with `workers` threads.
///
/// # Errors
/// If the operating system refuses.
pub(crate) fn start(listener: TcpListener, server: Data<Server>, workers: usize) -> io::Result<Running> {
    let stopping = CancellationToken::new();
    let stop = stopping.clone();
    let sockets = Sockets::build()
        .workers(workers)
        .disable_signals()
        .shutdown_timeout(DRAIN.as_secs())
        .listen("http", listener, move || {
            let (server, stop, clock) = (Data::clone(&server), stop.clone(), server.host.clock().clone());
            let app = App::new()
                .configure(move |config| configure(config, &server))
                .wrap(from_fn(identified))
                .wrap(from_fn(problems))
                .into_factory();
            let app = apply_fn_factory(map_config(app, |_| AppConfig::default()), |mut request: Request, app: &_| {
                let begun = begin(&mut request);
                begun.answered(Service::call(app, request))
            });
            let http = HttpService::build()
                .graceful_shutdown_signal(move || stop.clone().cancelled_owned())
                .keep_alive(KEEP_ALIVE)
                // It would be that of the first request alone; the wire takes the time of all.
                .client_request_timeout(Duration::ZERO)
                .client_disconnect_timeout(DISCONNECT_TIME)
                .on_connect_ext(|wire: &Wire, data| drop(data.insert(wire.exchange())))
                .h1(app);
            let wire = move |socket: TcpStream| {
                let (peer, wire) = (socket.peer_addr().ok(), Wire::over(socket, clock.clone()));
                async move { Ok::<_, actix_http::error::DispatchError>((wire, peer)) }
            };
            fn_service(wire).and_then(http)
        })?
        .run();
    let handle = sockets.handle();
    let sockets = rt::spawn(sockets);
    Ok(Running { sockets, handle, stopping })
}
