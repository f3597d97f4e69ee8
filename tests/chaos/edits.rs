//! Sixteen clients edit leads while the server is killed under them: what was acknowledged is there, with the last value
//! that was acknowledged, and what was not acknowledged is there once or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::chance::Chance;
use crate::client::{Answer, Client, NoAnswer};
use crate::house::House;

const CLIENTS: usize = 16;
const KILLS: usize = 6;
/// Leads of one client, at most.
const LEADS: usize = 12;

/// One client with leads that nobody else touches, so that it knows what it must find.
struct Editor {
    number: usize,
    list: String,
    leads: Vec<Known>,
    /// A lead whose making was not answered; sent again with the same key.
    unanswered: Option<u64>,
    /// Every value is written once.
    next: u64,
    acknowledged: Arc<AtomicU64>,
}

/// What a client knows of one lead.
struct Known {
    id: String,
    /// The last acknowledged value; `None` when the lead was deleted.
    is: Option<String>,
    /// What it is instead, if the request without an answer had its effect.
    may_be: Option<Option<String>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_edits_survive_every_kill() {
    let chance = Arc::new(Chance::of("edits").await);
    let house = House::set_up().await;
    let served = house.serve().await;
    let list = Client::good(served.client.post("/leads/lists", &json!({ "name": "Edited" })).await);
    let list = list["id"].as_str().expect("an id").to_owned();
    served.stop().await;

    let acknowledged = Arc::new(AtomicU64::new(0));
    let mut editors: Vec<Editor> =
        (0..CLIENTS).map(|number| Editor::new(number, &list, Arc::clone(&acknowledged))).collect();
    for _ in 0..chance.times(KILLS) {
        let served = house.serve().await;
        let at_work: Vec<_> = editors
            .into_iter()
            .map(|editor| tokio::spawn(editor.work(served.client.clone(), Arc::clone(&chance))))
            .collect();
        tokio::time::sleep(chance.between(Duration::from_millis(20), Duration::from_millis(1_500))).await;
        served.kill().await;
        editors = Vec::new();
        for editor in at_work {
            editors.push(editor.await.expect("an editor found what it must not"));
        }
        house.check().await;
    }

    let served = house.serve().await;
    let mut alive = 0;
    for editor in &mut editors {
        editor.audit(&served.client).await.expect("the server answers");
        alive += editor.leads.iter().filter(|lead| lead.is.is_some()).count();
    }
    let page = Client::good(served.client.get(&format!("/leads/lists/{list}/leads?limit=1")).await);
    assert_eq!(page["total"], alive, "nothing was made twice");
    let list = Client::good(served.client.get(&format!("/leads/lists/{list}")).await);
    assert_eq!(list["totalLeads"], alive);
    house.check().await;
    served.stop().await;
    house.check().await;
    println!("{} edits acknowledged, {alive} leads at the end", acknowledged.load(Ordering::Relaxed));
}

impl Editor {
    fn new(number: usize, list: &str, acknowledged: Arc<AtomicU64>) -> Self {
        Self { number, list: list.to_owned(), leads: Vec::new(), unanswered: None, next: 0, acknowledged }
    }

    /// Audits, then edits until the server is gone.
    async fn work(mut self, client: Client, chance: Arc<Chance>) -> Self {
        let mut going = self.audit(&client).await;
        while going.is_ok() {
            going = match chance.below(LEADS) {
                n if n >= self.leads.len() => self.make(&client).await,
                n if self.leads[n].is.is_some() && chance.one_in(20) => self.delete(&client, n).await,
                n if self.leads[n].is.is_some() => self.change(&client, n).await,
                _deleted => Ok(()),
            };
            tokio::task::yield_now().await;
        }
        self
    }

    /// Every lead is as it was acknowledged, or as the request left it that had no answer.
    async fn audit(&mut self, client: &Client) -> Result<(), NoAnswer> {
        if let Some(value) = self.unanswered {
            self.send_new(client, value).await?;
        }
        for lead in &mut self.leads {
            let found = client.get(&format!("/leads/{}", lead.id)).await?;
            let found = match found.status {
                200 => Some(found.body["jobTitle"].as_str().expect("a title").to_owned()),
                404 => None,
                _ => panic!("{found:?}"),
            };
            let expected = found == lead.is || lead.may_be.as_ref() == Some(&found);
            assert!(expected, "{} is {found:?}, acknowledged was {:?}, sent {:?}", lead.id, lead.is, lead.may_be);
            lead.is = found;
            lead.may_be = None;
        }
        Ok(())
    }

    async fn make(&mut self, client: &Client) -> Result<(), NoAnswer> {
        let value = self.value();
        self.send_new(client, value).await
    }

    async fn send_new(&mut self, client: &Client, value: u64) -> Result<(), NoAnswer> {
        let name = format!("e{}-{value}", self.number);
        let lead = json!({ "email": format!("{name}@acme.example"), "jobTitle": title(value) });
        self.unanswered = Some(value);
        let answer = client.post_once(&format!("/leads/lists/{}/leads", self.list), &name, &lead).await?;
        if self.was_refused(&answer) {
            return Ok(());
        }
        self.unanswered = None;
        let place = answer.location.as_deref().unwrap_or_else(|| panic!("no location: {answer:?}"));
        let id = place.rsplit('/').next().expect("an id").to_owned();
        self.leads.push(Known { id, is: Some(title(value)), may_be: None });
        Ok(())
    }

    async fn change(&mut self, client: &Client, n: usize) -> Result<(), NoAnswer> {
        let is = title(self.value());
        self.leads[n].may_be = Some(Some(is.clone()));
        let answer = client.patch(&format!("/leads/{}", self.leads[n].id), &json!({ "jobTitle": is })).await?;
        self.settle(n, &answer, Some(is));
        Ok(())
    }

    async fn delete(&mut self, client: &Client, n: usize) -> Result<(), NoAnswer> {
        self.leads[n].may_be = Some(None);
        let answer = client.delete(&format!("/leads/{}", self.leads[n].id)).await?;
        self.settle(n, &answer, None);
        Ok(())
    }

    fn settle(&mut self, n: usize, answer: &Answer, is: Option<String>) {
        if !self.was_refused(answer) {
            self.leads[n].is = is;
        }
        self.leads[n].may_be = None;
    }

    /// A busy server may say so; any other refusal is wrong.
    fn was_refused(&self, answer: &Answer) -> bool {
        assert!(answer.is_success() || answer.status == 503, "{answer:?}");
        self.acknowledged.fetch_add(u64::from(answer.is_success()), Ordering::Relaxed);
        !answer.is_success()
    }

    fn value(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

fn title(value: u64) -> String {
    format!("Title {value}")
}
