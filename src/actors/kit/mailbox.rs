//! What lies in an actor's mailbox, and what the shell does with each kind.

use std::sync::Arc;

use actix::Context;
use tokio::sync::oneshot;

use super::admission::OpenWork;
use super::port::{Deliver, Delivery};
use super::role::{Handle, Message, Role};
use super::shell::{NoResult, Shell, panicked};
use super::turn::Errand;
use super::wake::Bell;
use super::work::Completion;

impl<M: Message> actix::Message for Delivery<M> {
    type Result = ();
}

impl<R: Handle<M>, M: Message> actix::Handler<Delivery<M>> for Shell<R> {
    type Result = ();

    fn handle(&mut self, delivery: Delivery<M>, ctx: &mut Context<Self>) {
        let Delivery { message, reply_to, sent } = delivery;
        self.shared.meter.waited(sent.elapsed());
        match self.call(std::any::type_name::<M>(), ctx, |role, turn| role.handle(message, turn)) {
            Ok(outcome) => outcome.settle(Some(reply_to)),
            Err(NoResult::Panicked) => reply_to.panicked(),
            Err(NoResult::Closed) => drop(reply_to),
        }
    }
}

impl<R: Handle<M>, M: Message> Deliver<M> for actix::Addr<Shell<R>> {
    fn deliver(&self, delivery: Delivery<M>) {
        // ignores the capacity of the mailbox, which bounds nothing anyway; the permit in the delivery does
        self.do_send(delivery);
    }
}

/// One wake-up on its way.
pub(super) struct Ring {
    pub bell: Arc<Bell>,
    pub _open: OpenWork,
    pub wake: &'static str,
}

/// A ring, and what the actor makes of it.
pub(super) struct RingFor<M> {
    pub ring: Ring,
    pub make: fn() -> M,
}

impl<M: Message> actix::Message for RingFor<M> {
    type Result = ();
}

impl<R: Handle<M>, M: Message> actix::Handler<RingFor<M>> for Shell<R> {
    type Result = ();

    fn handle(&mut self, wake: RingFor<M>, ctx: &mut Context<Self>) {
        if wake.ring.bell.take()
            && let Ok(outcome) = self.call(wake.ring.wake, ctx, |role, turn| role.handle((wake.make)(), turn))
        {
            outcome.settle(None);
        }
    }
}

impl actix::Message for Completion {
    type Result = ();
}

impl<R: Role> actix::Handler<Completion> for Shell<R> {
    type Result = ();

    fn handle(&mut self, completion: Completion, ctx: &mut Context<Self>) {
        match self.running.complete(completion) {
            Some(Ok(errand)) => self.run_errand(errand, ctx),
            Some(Err((what, panic))) => self.fail(what, panicked(&panic), ctx),
            None => {}
        }
    }
}

impl<R: Role> actix::Message for Errand<R> {
    type Result = ();
}

impl<R: Role> actix::Handler<Errand<R>> for Shell<R> {
    type Result = ();

    fn handle(&mut self, errand: Errand<R>, ctx: &mut Context<Self>) {
        self.run_errand(errand, ctx);
    }
}

/// Ends the actor; sent when everything accepted is answered.
pub(super) struct End {
    pub done: oneshot::Sender<Result<(), String>>,
}

impl actix::Message for End {
    type Result = ();
}

impl<R: Role> actix::Handler<End> for Shell<R> {
    type Result = ();

    fn handle(&mut self, end: End, _: &mut Context<Self>) {
        // nobody waits for it when the shutdown ran out of time
        let _ = end.done.send(self.end());
    }
}
