//! What the kit promises beside avoiding actix's traps: budgets, wake-ups, group commit, timers, lanes, metrics.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use galena::actors::kit::{AskError, Lane, RestartPolicy, RoleError, Spawn, WakePort};
use tokio::sync::mpsc;

use crate::kit_probe::*;

#[tokio::test]
async fn restart_budget_escalates() {
    let mut stage = stage(Spawn { restarts: RestartPolicy { budget: 2, ..quick() }, ..dedicated() });
    let (add, boom, keep) = (stage.probe.port::<Add>(), stage.probe.port::<Boom>(), stage.probe.port::<Keep>());
    let panicked = Err(AskError::Panicked("probe".into()));
    assert_eq!(soon(boom.ask(Boom)).await, panicked);
    assert_eq!(soon(boom.ask(Boom)).await, panicked);
    assert_eq!(soon(add.ask(Add(1))).await, Ok(1), "within the budget it comes back");
    assert!(stage.escalated.try_recv().is_err());

    let stuck = stick(&stage.probe).await;
    let kept = keep.try_admit().unwrap().send(Keep);
    let last = boom.try_admit().unwrap().send(Boom);
    let queued = add.try_admit().unwrap().send(Add(2));
    stuck.release();
    assert_eq!(soon(last).await, panicked);
    let escalation = soon(stage.escalated.recv()).await.unwrap();
    assert_eq!(escalation.to_string(), "probe cannot go on: panicked: asked to panic");
    let stopped = AskError::Stopped("probe".into());
    assert_eq!(soon(kept).await, Err(stopped.clone()), "a reply it held");
    assert_eq!(soon(queued).await, Err(stopped.clone()), "a message in its mailbox");
    assert_eq!(soon(add.ask(Add(3))).await, Err(stopped.clone()), "a new one");
    assert_eq!(soon(stage.probe.ready()).await, Err(stopped));
    assert_eq!(stage.seen.added(), [1]);
    let report = soon(stage.system.shutdown(&[], HANG)).await;
    assert_eq!(report.unclean, [("probe".to_owned(), "given up before".to_owned())]);
    assert_eq!(stage.seen.stoppings.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_fatal_error_escalates_at_once_and_another_one_restarts() {
    let mut stage = stage(dedicated());
    let fail = stage.probe.port::<FailWith>();
    soon(fail.ask(FailWith(RoleError::restart("the commit failed")))).await.unwrap();
    soon(stage.probe.port::<Add>().ask(Add(1))).await.unwrap();
    assert_eq!(stage.probe.builds(), 2);
    soon(fail.ask(FailWith(RoleError::fatal("the disk is full")))).await.unwrap();
    assert_eq!(soon(stage.escalated.recv()).await.unwrap().reason, "the disk is full");
}

#[tokio::test]
async fn backoff_grows() {
    let first_delay = Duration::from_millis(20);
    let restarts = RestartPolicy { first_delay, longest_delay: Duration::from_millis(60), ..RestartPolicy::default() };
    let stage = stage(Spawn { restarts, ..dedicated() });
    for pause in [20, 40, 60] {
        let failed = Instant::now();
        assert!(soon(stage.probe.port::<Boom>().ask(Boom)).await.is_err());
        soon(stage.probe.port::<Add>().ask(Add(1))).await.unwrap();
        assert!(failed.elapsed() >= Duration::from_millis(pause), "came back before {pause} ms were over");
    }
}

#[tokio::test]
async fn wake_ups_collapse() {
    let stage = stage(dedicated());
    let wakes = || stage.seen.wakes.load(Ordering::SeqCst);
    let bell = WakePort::new();
    bell.wake();
    bell.wake();
    assert!(stage.probe.answer_wakes::<Woken>(&bell));
    until("the rings before it was tied are one", || wakes() == 1).await;
    assert!(!stage.probe.answer_wakes::<Woken>(&bell), "tied already");

    let stuck = stick(&stage.probe).await;
    (0..10_000).for_each(|_| bell.clone().wake());
    assert_eq!(stage.probe.open_work(), 2, "one stuck, one wake-up");
    stuck.release();
    soon(stage.probe.port::<Add>().ask(Add(1))).await.unwrap();
    assert_eq!(wakes(), 2);
    bell.wake();
    until("a later ring is a new one", || wakes() == 3).await;
}

#[tokio::test]
async fn one_flush_answers_all_that_queued() {
    let stage = stage(dedicated());
    let submit = stage.probe.port::<Submit>();
    let stuck = stick(&stage.probe).await;
    let answers: Vec<_> = (0..100).map(|_| submit.try_admit().unwrap().send(Submit)).collect();
    stuck.release();
    for answer in answers {
        assert_eq!(soon(answer).await, Ok(1));
    }
    assert_eq!(stage.seen.flushes.load(Ordering::SeqCst), 1);
    assert_eq!(soon(submit.ask(Submit)).await, Ok(2));
}

#[tokio::test]
async fn a_reply_that_is_given_up_tells_its_asker() {
    let stage = stage(dedicated());
    let kept = stage.probe.port::<Keep>().try_admit().unwrap().send(Keep);
    let (guard, mut dropped) = mpsc::unbounded_channel();
    let running = stage.probe.port::<Forever>().try_admit().unwrap().send(Forever(guard));
    assert!(soon(stage.probe.port::<Boom>().ask(Boom)).await.is_err());
    let interrupted = AskError::Interrupted("probe".into());
    assert_eq!(soon(kept).await, Err(interrupted.clone()), "the rebuild dropped it");
    assert_eq!(soon(running).await, Err(interrupted), "the restart aborted it");
    assert_eq!(soon(dropped.recv()).await, None, "and its future is gone");
    until("all permits are back", || stage.probe.open_work() == 0).await;
}

#[tokio::test]
async fn timers_survive_a_restart() {
    let mut stage = stage(dedicated());
    soon(stage.probe.port::<TickAfter>().ask(TickAfter(Duration::from_millis(30)))).await.unwrap();
    assert!(soon(stage.probe.port::<Boom>().ask(Boom)).await.is_err());
    soon(stage.ticked.recv()).await.expect("the tick comes after the restart");
    assert_eq!(stage.probe.builds(), 2);
}

#[tokio::test]
async fn an_alarm_set_by_each_rebuild_is_one_alarm() {
    let mut stage = stage_with(dedicated(), Arc::default(), Some(Duration::from_millis(40)));
    for _ in 0..5 {
        assert!(soon(stage.probe.port::<Boom>().ask(Boom)).await.is_err());
    }
    soon(stage.ticked.recv()).await.unwrap();
    // had each rebuild left one, the others would be due by now
    tokio::time::sleep(Duration::from_millis(80)).await;
    assert_eq!(stage.seen.ticks.load(Ordering::SeqCst), 1);
    assert_eq!(stage.probe.builds(), 6);
}

#[tokio::test]
async fn a_full_lane_leaves_the_other_free() {
    let stage = stage(Spawn { patience: Duration::ZERO, ..dedicated() });
    let bulk = Lane::new(2, Duration::from_millis(1));
    let (slow, quick) = (stage.probe.port_in::<Add>(&bulk), stage.probe.port::<Add>());
    let stuck = stick(&stage.probe).await;
    let queued: Vec<_> = (0..2).map(|_| slow.try_admit().unwrap().send(Add(1))).collect();
    assert_eq!(soon(slow.ask(Add(1))).await, Err(AskError::Overloaded("probe".into())));
    let patient = tokio::spawn({
        let slow = slow.clone();
        async move { slow.ask_patiently(Add(1)).await }
    });
    let other = quick.try_admit().expect("the other lane").send(Add(1));
    stuck.release();
    for answer in queued {
        soon(answer).await.unwrap();
    }
    soon(other).await.unwrap();
    soon(patient).await.unwrap().unwrap();
    until("the permits are back", || bulk.free() == 2).await;
}

#[tokio::test]
async fn who_waits_for_a_permit_is_told_at_shutdown() {
    let stage = stage(Spawn { capacity: 1, patience: Duration::from_secs(3600), ..dedicated() });
    let stuck = stick(&stage.probe).await;
    let add = stage.probe.port::<Add>();
    let mut waits = std::pin::pin!(add.ask(Add(1)));
    assert!(futures::poll!(waits.as_mut()).is_pending());
    let (report, told) = tokio::join!(stage.system.shutdown(&[], HANG), async {
        let told = soon(waits).await;
        stuck.release();
        told
    });
    assert_eq!(told, Err(AskError::Stopped("probe".into())));
    assert_eq!(report.ended, ["probe"]);
}

#[tokio::test]
async fn an_actor_tells_its_figures() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let page = recorder.handle();
    let stage = metrics::with_local_recorder(&recorder, || stage(dedicated()));
    soon(stage.probe.port::<Add>().ask(Add(1))).await.unwrap();
    assert!(soon(stage.probe.port::<Boom>().ask(Boom)).await.is_err());
    let stuck = stick(&stage.probe).await;
    let queued = stage.probe.port::<Add>().try_admit().unwrap().send(Add(1));
    let text = page.render();
    for line in [
        "actor_handled_total{actor=\"probe\"} 1",
        "actor_failed_total{actor=\"probe\"} 1",
        "actor_restarts_total{actor=\"probe\"} 1",
        "actor_queue_depth{actor=\"probe\"} 2",
        "actor_mailbox_age_seconds_count{actor=\"probe\"} 3",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
    }
    stuck.release();
    soon(queued).await.unwrap();
    until("the depth falls back", || page.render().contains("actor_queue_depth{actor=\"probe\"} 0")).await;
}
