//! Whose turn it is among those who wait for one thing: fair over workspaces by weight, over the jobs inside one. A gate
//! gives permits by it, the agenda slices.
//!
//! Start-time fair queueing (Goyal, Vin, Cheng 1996): whoever is served pays `1 / weight` of virtual time, the smallest
//! start tag goes next, and who comes back after a rest starts at the virtual time of now, with neither credit nor debt
//! saved up. It is applied twice: over the workspaces by the weight of their plans, and inside a workspace over three
//! lanes of priority (16 : 4 : 1, so that a long urgent job slows the others down and never stops them). Leads that
//! somebody waits for go before all lanes of their workspace. Inside a lane the jobs take turns, and a job that was never
//! served goes first.
//!
//! The queue is as long as there are leased items at most: each holds one place.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::domain::enrichment::Priority;
use crate::domain::id::{JobId, WorkspaceId};

/// What one turn costs a weight of one. Divisible by every weight up to 16, so that shares are exact.
const TURN: u64 = 720_720;
/// Jobs of a workspace whose last turn is remembered although nothing of them waits.
const REMEMBERED: usize = 1_024;

/// Who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::actors) struct Waiting {
    pub number: u64,
    pub workspace: WorkspaceId,
    pub weight: u32,
    pub individual: bool,
    pub priority: Priority,
    pub job: JobId,
    /// Those of one class need the same windows: one can go when another can.
    pub class: usize,
}

#[derive(Default)]
pub(in crate::actors) struct FairQueue {
    shares: BTreeMap<WorkspaceId, Share>,
    now: u64,
    len: usize,
    of_class: HashMap<usize, usize>,
}

/// What waits of one workspace.
#[derive(Default)]
struct Share {
    start: u64,
    weight: u32,
    len: usize,
    individual: Lane,
    by_priority: [Lane; 3],
    now: u64,
    /// When each job had its last turn.
    served: HashMap<JobId, u64>,
    turn: u64,
}

#[derive(Default)]
struct Lane {
    start: u64,
    len: usize,
    jobs: BTreeMap<JobId, BTreeMap<usize, VecDeque<u64>>>,
}

const fn lane_of(priority: Priority) -> usize {
    match priority {
        Priority::High => 0,
        Priority::Normal => 1,
        Priority::Low => 2,
    }
}

const LANE_WEIGHTS: [u64; 3] = [16, 4, 1];

impl FairQueue {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The classes of which somebody waits.
    pub fn classes(&self) -> impl Iterator<Item = usize> {
        self.of_class.keys().copied()
    }

    pub fn push(&mut self, who: Waiting) {
        let now = self.now;
        let share = self.shares.entry(who.workspace).or_default();
        if share.len == 0 {
            share.start = share.start.max(now);
        }
        share.weight = who.weight.max(1);
        share.len += 1;
        let lane_now = share.now;
        let lane = share.lane(who.individual, who.priority);
        if lane.len == 0 {
            lane.start = lane.start.max(lane_now);
        }
        lane.len += 1;
        lane.jobs.entry(who.job).or_default().entry(who.class).or_default().push_back(who.number);
        self.len += 1;
        *self.of_class.entry(who.class).or_default() += 1;
    }

    /// Takes out the next of those whose class may go.
    pub fn pop(&mut self, may_go: impl Fn(usize) -> bool) -> Option<u64> {
        let in_order = self.shares.iter().filter(|(_, share)| share.len > 0);
        let mut order: Vec<(u64, WorkspaceId)> = in_order.map(|(id, share)| (share.start, *id)).collect();
        order.sort_unstable();
        for (start, workspace) in order {
            let Some(share) = self.shares.get_mut(&workspace) else { continue };
            let Some((number, class)) = share.pop(&may_go) else { continue };
            self.now = self.now.max(start);
            share.start += TURN / u64::from(share.weight);
            self.gone(class);
            let now = self.now;
            // Who has neither anything waiting nor a debt is as good as new.
            self.shares.retain(|_, share| share.len > 0 || share.start > now);
            return Some(number);
        }
        None
    }

    /// Takes out one who waits no more. Whether it was there.
    pub fn remove(&mut self, who: &Waiting) -> bool {
        let Some(share) = self.shares.get_mut(&who.workspace) else { return false };
        if !share.lane(who.individual, who.priority).remove(who) {
            return false;
        }
        share.len -= 1;
        self.gone(who.class);
        true
    }

    fn gone(&mut self, class: usize) {
        self.len -= 1;
        if let Some(count) = self.of_class.get_mut(&class) {
            *count -= 1;
            if *count == 0 {
                self.of_class.remove(&class);
            }
        }
    }
}

impl Share {
    fn lane(&mut self, individual: bool, priority: Priority) -> &mut Lane {
        if individual { &mut self.individual } else { &mut self.by_priority[lane_of(priority)] }
    }

    fn pop(&mut self, may_go: &impl Fn(usize) -> bool) -> Option<(u64, usize)> {
        let served = &self.served;
        let mut taken = self.individual.pop(served, may_go);
        if taken.is_none() {
            let mut order = [0, 1, 2];
            order.sort_by_key(|lane| (self.by_priority[*lane].start, *lane));
            for place in order {
                let lane = &mut self.by_priority[place];
                let Some(popped) = lane.pop(served, may_go) else { continue };
                self.now = self.now.max(lane.start);
                lane.start += TURN / LANE_WEIGHTS[place];
                taken = Some(popped);
                break;
            }
        }
        let (job, number, class) = taken?;
        self.len -= 1;
        self.turn += 1;
        if self.served.len() >= REMEMBERED {
            let lanes = self.by_priority.iter().chain([&self.individual]);
            let waiting: Vec<JobId> = lanes.flat_map(|lane| lane.jobs.keys().copied()).collect();
            self.served.retain(|job, _| waiting.contains(job));
        }
        self.served.insert(job, self.turn);
        Some((number, class))
    }
}

impl Lane {
    fn pop(&mut self, served: &HashMap<JobId, u64>, may_go: &impl Fn(usize) -> bool) -> Option<(JobId, u64, usize)> {
        // Within a job the one who waits for longest, of those who may go.
        let first = |classes: &BTreeMap<usize, VecDeque<u64>>| {
            let fronts = classes.iter().filter(|(class, _)| may_go(**class));
            fronts.filter_map(|(class, queue)| queue.front().map(|number| (*number, *class))).min()
        };
        let ready = self.jobs.iter().filter_map(|(job, classes)| Some((*job, first(classes)?)));
        let turn = |job: &JobId| served.get(job).copied().unwrap_or(0);
        let (job, (number, class)) = ready.min_by_key(|(job, _)| (turn(job), *job))?;
        self.take(job, class, |queue| queue.pop_front().is_some());
        Some((job, number, class))
    }

    fn remove(&mut self, who: &Waiting) -> bool {
        self.take(who.job, who.class, |queue| {
            let place = queue.iter().position(|number| *number == who.number);
            place.and_then(|place| queue.remove(place)).is_some()
        })
    }

    fn take(&mut self, job: JobId, class: usize, out: impl FnOnce(&mut VecDeque<u64>) -> bool) -> bool {
        let Some(classes) = self.jobs.get_mut(&job) else { return false };
        let Some(queue) = classes.get_mut(&class) else { return false };
        let taken = out(queue);
        if queue.is_empty() {
            classes.remove(&class);
        }
        if classes.is_empty() {
            self.jobs.remove(&job);
        }
        if taken {
            self.len -= 1;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::id::Id;

    fn who(number: u64, workspace: u64, weight: u32, job: u64) -> Waiting {
        Waiting {
            number,
            workspace: WorkspaceId::from_u64(workspace),
            weight,
            individual: false,
            priority: Priority::Normal,
            job: JobId::from_u64(job),
            class: 0,
        }
    }

    #[test]
    fn shares_follow_the_weights_exactly() {
        let mut queue = FairQueue::default();
        for number in 0..6_000 {
            queue.push(who(number, number % 3, [3, 2, 1][number as usize % 3], number % 30));
        }
        let mut served = [0_u32; 3];
        for _ in 0..1_800 {
            served[queue.pop(|_| true).expect("full") as usize % 3] += 1;
        }
        assert_eq!(served, [900, 600, 300]);
    }

    #[test]
    fn whoever_keeps_one_in_the_queue_gets_a_full_share_and_no_more() {
        // The place is taken again as soon as it is free, as an engine with few calls in flight does.
        let mut queue = FairQueue::default();
        let mut number = 0;
        let mut owner = HashMap::new();
        let mut put = |queue: &mut FairQueue, owner: &mut HashMap<u64, u64>, workspace: u64| {
            number += 1;
            owner.insert(number, workspace);
            queue.push(who(number, workspace, [3, 2, 1][workspace as usize], workspace));
        };
        (0..3).for_each(|workspace| put(&mut queue, &mut owner, workspace));
        let mut served = [0_u32; 3];
        for _ in 0..1_800 {
            let workspace = owner[&queue.pop(|_| true).expect("someone")];
            served[workspace as usize] += 1;
            put(&mut queue, &mut owner, workspace);
        }
        assert!(served[0].abs_diff(900) <= 2 && served[1].abs_diff(600) <= 2, "{served:?}");
    }

    #[test]
    fn a_newcomer_gets_the_next_turn_of_its_workspace() {
        let mut queue = FairQueue::default();
        for number in 0..1_000 {
            queue.push(who(number, 1, 1, number % 100));
        }
        for _ in 0..250 {
            queue.pop(|_| true);
        }
        queue.push(who(5_000, 1, 1, 777));
        assert_eq!(queue.pop(|_| true), Some(5_000), "in its workspace");
        queue.push(who(5_001, 2, 1, 778));
        let next = [queue.pop(|_| true), queue.pop(|_| true)];
        assert!(next.contains(&Some(5_001)), "and a new workspace beside another");
    }

    #[test]
    fn urgent_jobs_go_first_and_starve_nobody_and_a_waiting_person_goes_before_all() {
        let mut queue = FairQueue::default();
        let priorities = [Priority::High, Priority::Normal, Priority::Low];
        for number in 0..3_000 {
            let priority = priorities[number as usize % 3];
            queue.push(Waiting { priority, ..who(number, 1, 1, number % 3) });
        }
        let mut served = [0_u32; 3];
        for _ in 0..420 {
            served[queue.pop(|_| true).expect("full") as usize % 3] += 1;
        }
        assert_eq!(served, [320, 80, 20]);
        queue.push(Waiting { individual: true, priority: Priority::Low, ..who(9_000, 1, 1, 50) });
        assert_eq!(queue.pop(|_| true), Some(9_000));
    }

    #[test]
    fn who_may_not_go_holds_up_nobody() {
        let mut queue = FairQueue::default();
        queue.push(Waiting { class: 1, ..who(1, 1, 1, 1) });
        queue.push(who(2, 1, 1, 1));
        assert_eq!(queue.pop(|class| class == 0), Some(2));
        assert_eq!(queue.pop(|class| class == 0), None);
        assert_eq!(queue.classes().collect::<Vec<_>>(), [1]);
        assert_eq!(queue.pop(|_| true), Some(1));
        assert!(queue.is_empty());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_served_twice(acts in proptest::collection::vec((0_u8..4, 0_u64..5, 0_u64..7, 0_usize..3), 1..400)) {
            let mut queue = FairQueue::default();
            let mut there: Vec<Waiting> = Vec::new();
            for (number, (act, workspace, job, class)) in acts.into_iter().enumerate() {
                match act {
                    0 | 1 => {
                        let one = Waiting { class, individual: job == 6, ..who(number as u64, workspace, 1 + job as u32 % 3, workspace * 10 + job) };
                        queue.push(one);
                        there.push(one);
                    }
                    2 => match queue.pop(|of| of != class) {
                        Some(number) => {
                            let place = there.iter().position(|one| one.number == number);
                            prop_assert!(place.is_some_and(|place| there.remove(place).class != class));
                        }
                        None => prop_assert!(there.iter().all(|one| one.class == class)),
                    },
                    _ => if let Some(one) = (!there.is_empty()).then(|| there.remove(number % there.len())) {
                        prop_assert!(queue.remove(&one));
                        prop_assert!(!queue.remove(&one));
                    },
                }
                prop_assert_eq!(queue.len(), there.len());
            }
            while queue.pop(|_| true).is_some() {}
            prop_assert_eq!((queue.len(), queue.classes().count()), (0, 0));
        }
    }
}
