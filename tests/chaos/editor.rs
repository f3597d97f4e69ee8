//! Clients that edit rows of their own and remember what was acknowledged, so that each knows what it must find.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use tokio::task::JoinHandle;

use crate::chance::Chance;
use crate::client::{Answer, Client, NoAnswer};

const LEAD_EDITORS: usize = 16;
const LIST_EDITORS: usize = 4;
/// Rows of one client, at most.
const ROWS: usize = 12;

/// What a client edits.
enum What {
    Lists,
    /// In the list with this id.
    LeadsOf(String),
}

/// All clients of a scenario, and the list their leads are in.
pub struct Editors {
    editors: Vec<Editor>,
    list: String,
    acknowledged: Arc<AtomicU64>,
}

/// Editors while they edit.
pub struct AtWork {
    editors: Vec<JoinHandle<Editor>>,
    list: String,
    acknowledged: Arc<AtomicU64>,
}

/// One client with rows that nobody else touches, so that it knows what it must find.
struct Editor {
    number: usize,
    what: What,
    rows: Vec<Known>,
    /// A row whose making was not answered; sent again with the same key.
    unanswered: Option<u64>,
    /// Every value is written once.
    next: u64,
    acknowledged: Arc<AtomicU64>,
}

/// What a client knows of one row.
struct Known {
    id: String,
    /// The last acknowledged value; `None` when the row was deleted.
    is: Option<String>,
    /// What it is instead, if the request without an answer had its effect.
    may_be: Option<Option<String>>,
}

impl Editors {
    /// Makes the list for the leads.
    pub async fn new(client: &Client) -> Self {
        let list = Client::good(client.post("/leads/lists", &json!({ "name": "Edited" })).await);
        let list = list["id"].as_str().expect("an id").to_owned();
        let acknowledged = Arc::new(AtomicU64::new(0));
        let whats = (0..LIST_EDITORS).map(|_| What::Lists);
        let whats = whats.chain((0..LEAD_EDITORS).map(|_| What::LeadsOf(list.clone())));
        let editors = whats.enumerate().map(|(number, what)| Editor::new(number, what, Arc::clone(&acknowledged)));
        Self { editors: editors.collect(), list, acknowledged }
    }

    /// Lets all of them audit what they know and then edit.
    pub fn work(self, client: &Client, chance: &Arc<Chance>) -> AtWork {
        let editors = self.editors.into_iter();
        let editors = editors.map(|editor| tokio::spawn(editor.work(client.clone(), Arc::clone(chance))));
        AtWork { editors: editors.collect(), list: self.list, acknowledged: self.acknowledged }
    }

    /// What had no answer must not have had an effect either.
    pub fn expect_only_what_was_answered(&mut self) {
        for editor in &mut self.editors {
            editor.unanswered = None;
            editor.rows.iter_mut().for_each(|row| row.may_be = None);
        }
    }

    /// Every row is as it must be, and there are no others.
    pub async fn audit(&mut self, client: &Client) {
        let (mut lists, mut leads) = (1, 0);
        for editor in &mut self.editors {
            editor.audit(client).await.expect("the server answers");
            let alive = editor.rows.iter().filter(|row| row.is.is_some()).count();
            match editor.what {
                What::Lists => lists += alive,
                What::LeadsOf(_) => leads += alive,
            }
        }
        let all = Client::good(client.get("/leads/lists?limit=1").await);
        assert_eq!(all["total"], lists, "a list was made that nobody made");
        let list = &self.list;
        let page = Client::good(client.get(&format!("/leads/lists/{list}/leads?limit=1")).await);
        assert_eq!(page["total"], leads, "a lead was made that nobody made");
        let list = Client::good(client.get(&format!("/leads/lists/{list}")).await);
        assert_eq!(list["totalLeads"], leads);
        let acknowledged = self.acknowledged.load(Ordering::Relaxed);
        println!("{acknowledged} edits acknowledged; {leads} leads and {lists} lists at the end");
    }
}

impl AtWork {
    pub async fn until_the_server_is_gone(self) -> Editors {
        let mut editors = Vec::with_capacity(self.editors.len());
        for editor in self.editors {
            editors.push(editor.await.expect("an editor found what it must not find"));
        }
        Editors { editors, list: self.list, acknowledged: self.acknowledged }
    }
}

impl Editor {
    fn new(number: usize, what: What, acknowledged: Arc<AtomicU64>) -> Self {
        Self { number, what, rows: Vec::new(), unanswered: None, next: 0, acknowledged }
    }

    /// Audits, then edits until the server is gone.
    async fn work(mut self, client: Client, chance: Arc<Chance>) -> Self {
        let mut going = self.audit(&client).await;
        while going.is_ok() {
            let alive: Vec<usize> = (0..self.rows.len()).filter(|n| self.rows[*n].is.is_some()).collect();
            going = match alive.get(chance.below(ROWS)) {
                None => self.make(&client).await,
                Some(n) if chance.one_in(50) => self.delete(&client, *n).await,
                Some(n) => self.change(&client, *n).await,
            };
        }
        self
    }

    /// Every row is as it was acknowledged, or as the request left it that had no answer.
    async fn audit(&mut self, client: &Client) -> Result<(), NoAnswer> {
        if let Some(value) = self.unanswered {
            self.send_new(client, value).await?;
        }
        for n in 0..self.rows.len() {
            let found = client.get(&self.place_of(n)).await?;
            let found = match found.status {
                200 => Some(found.body[self.field()].as_str().expect("a value").to_owned()),
                404 => None,
                _ => panic!("{found:?}"),
            };
            let row = &mut self.rows[n];
            let expected = found == row.is || row.may_be.as_ref() == Some(&found);
            assert!(expected, "{} is {found:?}, acknowledged was {:?}, sent {:?}", row.id, row.is, row.may_be);
            row.is = found;
            row.may_be = None;
        }
        Ok(())
    }

    async fn make(&mut self, client: &Client) -> Result<(), NoAnswer> {
        let value = self.value();
        self.send_new(client, value).await
    }

    async fn send_new(&mut self, client: &Client, value: u64) -> Result<(), NoAnswer> {
        let name = format!("e{}-{value}", self.number);
        let (place, mut row) = match &self.what {
            What::Lists => ("/leads/lists".to_owned(), json!({ "name": name })),
            What::LeadsOf(list) => {
                (format!("/leads/lists/{list}/leads"), json!({ "email": format!("{name}@acme.example") }))
            }
        };
        row[self.field()] = text(value).into();
        self.unanswered = Some(value);
        let answer = client.post_once(&place, &name, &row).await?;
        if self.was_refused(&answer) {
            return Ok(());
        }
        self.unanswered = None;
        let place = answer.location.as_deref().unwrap_or_else(|| panic!("no location: {answer:?}"));
        let id = place.rsplit('/').next().expect("an id").to_owned();
        self.rows.push(Known { id, is: Some(text(value)), may_be: None });
        Ok(())
    }

    async fn change(&mut self, client: &Client, n: usize) -> Result<(), NoAnswer> {
        let is = text(self.value());
        self.rows[n].may_be = Some(Some(is.clone()));
        let answer = client.patch(&self.place_of(n), &json!({ self.field(): is })).await?;
        self.settle(n, &answer, Some(is));
        Ok(())
    }

    async fn delete(&mut self, client: &Client, n: usize) -> Result<(), NoAnswer> {
        self.rows[n].may_be = Some(None);
        let answer = client.delete(&self.place_of(n)).await?;
        self.settle(n, &answer, None);
        Ok(())
    }

    fn place_of(&self, n: usize) -> String {
        let id = &self.rows[n].id;
        match self.what {
            What::Lists => format!("/leads/lists/{id}"),
            What::LeadsOf(_) => format!("/leads/{id}"),
        }
    }

    /// The field that is edited.
    fn field(&self) -> &'static str {
        match self.what {
            What::Lists => "description",
            What::LeadsOf(_) => "jobTitle",
        }
    }

    fn settle(&mut self, n: usize, answer: &Answer, is: Option<String>) {
        if !self.was_refused(answer) {
            self.rows[n].is = is;
        }
        self.rows[n].may_be = None;
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

fn text(value: u64) -> String {
    format!("Value {value}")
}
