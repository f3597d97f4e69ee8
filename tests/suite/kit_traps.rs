//! The traps of actix under axum, one test each: what would go wrong without the kit, and does not.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::routing::post;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use galena::actors::kit::{AskError, Handle, Message, Outcome, Port, Role, RoleError, Spawn, Turn};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tower::ServiceExt;

use crate::kit_probe::*;

/// How the HTTP layer answers an actor that did not take a request.
fn status(answer: Result<u32, AskError>) -> StatusCode {
    match answer {
        Ok(_) => StatusCode::OK,
        Err(AskError::Overloaded(_)) => StatusCode::SERVICE_UNAVAILABLE,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cloned_addr_ignores_capacity() {
    let stage = stage(Spawn { capacity: 9, patience: Duration::ZERO, ..dedicated() });
    let app = axum::Router::new()
        .route("/add", post(|State(port): State<Port<Add>>| async move { status(port.ask(Add(1)).await) }))
        .with_state(stage.probe.port::<Add>());
    let stuck = stick(&stage.probe).await;

    let mut answers: FuturesUnordered<_> = (0..500)
        .map(|_| {
            let request = Request::post("/add").body(axum::body::Body::empty()).unwrap();
            tokio::spawn(app.clone().oneshot(request))
        })
        .collect();
    // the eight that are accepted cannot answer before the actor is released, so these are the refused ones
    for _ in 0..492 {
        let answer = soon(answers.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    assert_eq!(stage.probe.open_work(), 9, "one stuck, eight queued, and no more");

    stuck.release();
    while let Some(answer) = soon(answers.next()).await {
        assert_eq!(answer.unwrap().unwrap().status(), StatusCode::OK);
    }
    assert_eq!(stage.seen.added().len(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_disconnect_cancels_queued_command() {
    let stage = stage(dedicated());
    let (gone, mut handler_gone) = mpsc::unbounded_channel::<()>();
    let app = axum::Router::new()
        .route(
            "/add",
            post(|State((port, gone)): State<(Port<Add>, mpsc::UnboundedSender<()>)>| async move {
                let notice = Notice(gone);
                let answer = status(port.ask(Add(7)).await);
                drop(notice);
                answer
            }),
        )
        .with_state((stage.probe.port::<Add>(), gone));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let stuck = stick(&stage.probe).await;
    let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
    client.write_all(b"POST /add HTTP/1.1\r\nhost: galena\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    until("the command is queued", || stage.probe.open_work() == 2).await;
    drop(client);
    soon(handler_gone.recv()).await.expect("the server drops the handler's future");
    assert!(stage.seen.added().is_empty(), "still queued when its caller went away");

    stuck.release();
    until("the command runs", || stage.seen.added() == [7]).await;
}

/// Tells that the future that owned it was dropped or done.
struct Notice(mpsc::UnboundedSender<()>);

impl Drop for Notice {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

#[tokio::test]
async fn panic_kills_address() {
    let stage = stage(dedicated());
    let (add, boom) = (stage.probe.port::<Add>(), stage.probe.port::<Boom>());
    for round in 1..=3 {
        assert_eq!(soon(add.ask(Add(5))).await, Ok(5), "the rebuild has thrown away what the panic left");
        assert_eq!(soon(boom.ask(Boom)).await, Err(AskError::Panicked("probe".into())));
        until("rebuilt", || stage.seen.rebuilds.load(Ordering::SeqCst) == round + 1).await;
    }
}

#[tokio::test]
async fn panic_in_a_future_kills_address() {
    let stage = stage(dedicated());
    let panicked = Err(AskError::Panicked("probe".into()));
    assert_eq!(soon(stage.probe.port::<BoomThere>().ask(BoomThere)).await, panicked);
    assert_eq!(soon(stage.probe.port::<BoomHere>().ask(BoomHere)).await, panicked);
    assert_eq!(soon(stage.probe.port::<BoomAtFinish>().ask(BoomAtFinish)).await, panicked);
    assert_eq!(soon(stage.probe.port::<Add>().ask(Add(5))).await, Ok(5));
    assert_eq!(stage.probe.builds(), 4, "each of the three restarted the actor");
}

#[tokio::test]
async fn panic_loses_the_queue() {
    let stage = stage(dedicated());
    let (add, boom) = (stage.probe.port::<Add>(), stage.probe.port::<Boom>());
    let stuck = stick(&stage.probe).await;
    let first = add.try_admit().unwrap().send(Add(1));
    let booms = boom.try_admit().unwrap().send(Boom);
    let later: Vec<_> = (2..=50).map(|number| add.try_admit().unwrap().send(Add(number))).collect();
    stuck.release();
    assert_eq!(soon(first).await, Ok(1));
    assert!(matches!(soon(booms).await, Err(AskError::Panicked(_))));
    for answer in later {
        soon(answer).await.expect("what was queued behind the panic runs after the rebuild");
    }
    assert_eq!(stage.seen.added(), (1..=50).collect::<Vec<_>>(), "once each, in order");
}

#[tokio::test]
async fn panic_in_rebuild_kills_address() {
    let seen: Arc<Seen> = Arc::default();
    seen.panics_in_rebuild.store(2, Ordering::SeqCst);
    let stage = stage_with(dedicated(), seen, None);
    assert_eq!(soon(stage.probe.port::<Add>().ask(Add(3))).await, Ok(3), "the third build of the start succeeds");

    stage.seen.panics_in_rebuild.store(3, Ordering::SeqCst);
    assert!(soon(stage.probe.port::<Boom>().ask(Boom)).await.is_err());
    assert_eq!(soon(stage.probe.port::<Add>().ask(Add(4))).await, Ok(4), "and so does the fourth after a panic");
    assert_eq!(stage.probe.builds(), 7);
    soon(stage.probe.ready()).await.unwrap();
}

#[tokio::test]
async fn panic_in_stopping_aborts() {
    let stage = stage(dedicated());
    assert!(soon(stage.probe.port::<Boom>().ask(Boom)).await.is_err());
    soon(stage.probe.port::<Add>().ask(Add(1))).await.unwrap();
    assert_eq!(stage.seen.stoppings.load(Ordering::SeqCst), 0, "an unwinding panic does not call it");

    stage.seen.panic_in_stopping.store(1, Ordering::SeqCst);
    let report = soon(stage.system.shutdown(&[], HANG)).await;
    assert_eq!(stage.seen.stoppings.load(Ordering::SeqCst), 1);
    assert_eq!(report.ended, Vec::<String>::new());
    assert_eq!(report.unclean, [("probe".to_owned(), "panicked: asked to panic in stopping".to_owned())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn system_stop_drops_messages() {
    let stage = stage(Spawn { capacity: 16, ..dedicated() });
    let askers: Vec<_> = (0..64)
        .map(|_| {
            let port = stage.probe.port::<Add>();
            tokio::spawn(async move {
                let mut answered = 0;
                loop {
                    match port.ask(Add(0)).await {
                        Ok(_) => answered += 1,
                        Err(AskError::Stopped(_)) => return answered,
                        Err(other) => panic!("accepted and lost: {other}"),
                    }
                }
            })
        })
        .collect();
    until("the load runs", || stage.seen.added().len() > 1_000).await;
    let report = soon(stage.system.shutdown(&[], HANG)).await;
    assert_eq!((report.ended, report.unclean), (vec!["probe".to_owned()], vec![]));
    let mut answered = 0;
    for asker in askers {
        answered += soon(asker).await.unwrap();
    }
    assert_eq!(answered, stage.seen.added().len(), "accepted equals handled");
    assert_eq!(stage.seen.stoppings.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn system_stop_waits_for_an_admission_in_hand() {
    let stage = stage(dedicated());
    let add = stage.probe.port::<Add>();
    let admission = add.try_admit().unwrap();
    let (report, answer) = tokio::join!(stage.system.shutdown(&[], HANG), async {
        until("admission has ended", || add.try_admit().is_err()).await;
        // gives a shutdown that does not wait the time to end the actor
        tokio::time::sleep(Duration::from_millis(20)).await;
        soon(admission.send(Add(9))).await
    });
    assert_eq!(answer, Ok(9), "who was let in is served");
    assert_eq!(report.ended, ["probe"]);
}

/// Asks the probe for every message it gets: what an importer is to the store writer.
struct Upstream {
    down: Port<Add>,
}
struct Pass(u32);

impl Message for Pass {
    type Reply = Result<u32, AskError>;
}

impl Role for Upstream {
    const NAME: &'static str = "upstream";

    fn rebuild(&mut self, _: &mut Turn<Self>) -> Result<(), RoleError> {
        Ok(())
    }
}

impl Handle<Pass> for Upstream {
    fn handle(&mut self, Pass(number): Pass, turn: &mut Turn<Self>) -> Outcome<Result<u32, AskError>> {
        let down = self.down.clone();
        turn.run(async move { down.ask_patiently(Add(number)).await }, |_, answer, _| answer)
    }
}

#[tokio::test]
async fn system_stop_ends_who_asks_before_who_is_asked() {
    let stage = stage(Spawn { capacity: 4, ..dedicated() });
    let down = stage.probe.port::<Add>();
    let upstream = stage.system.spawn(Spawn::default(), move || Upstream { down }).unwrap();
    let stuck = stick(&stage.probe).await;
    let pass = upstream.port::<Pass>();
    let answers: Vec<_> = (1..=40).map(|number| pass.try_admit().unwrap().send(Pass(number))).collect();
    let (report, ()) = tokio::join!(stage.system.shutdown(&[], HANG), async {
        until("admission has ended", || pass.try_admit().is_err()).await;
        stuck.release();
    });
    assert_eq!((report.ended, report.unclean), (vec!["upstream".to_owned(), "probe".to_owned()], vec![]));
    for answer in answers {
        soon(answer).await.unwrap().expect("what upstream had accepted went all the way down");
    }
}

#[tokio::test]
async fn system_stop_waits_no_longer_than_its_deadline() {
    let stage = stage(dedicated());
    let stuck = stick(&stage.probe).await;
    let answer = stage.probe.port::<Add>().try_admit().unwrap().send(Add(1));
    let report = soon(stage.system.shutdown(&[], Duration::from_millis(20))).await;
    assert_eq!(report.unclean, [("probe".to_owned(), "2 accepted requests open at the deadline".to_owned())]);
    stuck.release();
    assert_eq!(soon(answer).await, Err(AskError::Stopped("probe".into())), "its caller is told that it did not run");
    assert!(stage.seen.added().is_empty());
}

#[tokio::test]
async fn system_stop_cuts_a_pause_before_a_restart_short() {
    let mut spawn = dedicated();
    (spawn.restarts.first_delay, spawn.restarts.longest_delay) = (Duration::from_secs(3600), Duration::from_secs(3600));
    let stage = stage(spawn);
    assert!(soon(stage.probe.port::<Boom>().ask(Boom)).await.is_err());
    let queued = stage.probe.port::<Add>().try_admit().unwrap().send(Add(2));
    let report = soon(stage.system.shutdown(&["probe"], HANG)).await;
    assert_eq!(report.ended, ["probe"]);
    assert_eq!(soon(queued).await, Ok(2));
}
