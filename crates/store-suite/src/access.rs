//! `key_*`, `secret_keep`, `request_begin`, `request_end`, `event_follow`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use store::{Access, Answer, Begun, EventFilter, KeyRow, NewRequest, REQUEST_KEPT, Store};
use ytempire_core::{AccountId, KeyId, Stage};

use crate::World;

fn key(world: &World, hash: &str) -> KeyRow {
    KeyRow {
        id: KeyId::fresh(&world.ids, world.now()),
        account: AccountId::LOCAL,
        name: "n8n".to_owned(),
        prefix: "yt_1234".to_owned(),
        hash: hash.to_owned(),
        scopes: BTreeSet::from([Access::Read, Access::Operate]),
        created_at: world.now(),
        ends_at: None,
    }
}

pub(crate) async fn keys_are_found_by_their_hash_and_end_when_they_shall(world: World) {
    let store = &world.store;
    let (one, mut two) = (key(&world, "aa"), key(&world, "bb"));
    world.clock.advance(Duration::from_secs(1));
    store.key_put(one.clone()).await.unwrap();
    store.key_put(two.clone()).await.unwrap();
    assert_eq!(store.key_find("aa").await.unwrap(), Some(one.clone()));
    assert_eq!(store.key_find("cc").await.unwrap(), None);
    "cc".clone_into(&mut two.hash);
    store.key_put(two.clone()).await.unwrap();
    assert_eq!(store.key_find("bb").await.unwrap(), None);
    assert_eq!(store.key_list().await.unwrap(), [one.clone(), two.clone()]);

    let end = world.now().after(Duration::from_hours(1));
    assert!(store.key_end(one.id, end).await.unwrap());
    let later = end.after(Duration::from_hours(1));
    assert!(store.key_end(one.id, later).await.unwrap());
    let found = store.key_find("aa").await.unwrap().unwrap();
    assert_eq!(found.ends_at, Some(end), "it never ends later");
    assert!(found.is_valid(world.now()) && !found.is_valid(end));
    assert!(store.key_end(one.id, world.now()).await.unwrap());
    let found = store.key_find("aa").await.unwrap().unwrap();
    assert!(!found.is_valid(world.now()));
    let nobody = KeyId::fresh(&world.ids, world.now());
    assert!(!store.key_end(nobody, end).await.unwrap());
}

pub(crate) async fn a_secret_stays_what_it_became_first(world: World) {
    let keep = |fresh: &'static str| {
        let store = Arc::clone(&world.store);
        tokio::spawn(async move { store.secret_keep("links", fresh).await.unwrap() })
    };
    let (one, two) = (keep("aa"), keep("bb"));
    let (one, two) = (one.await.unwrap(), two.await.unwrap());
    assert_eq!(one, two);
    assert_eq!(world.store.secret_keep("links", "cc").await.unwrap(), one);
    assert_eq!(world.store.secret_keep("other", "cc").await.unwrap(), "cc");
    for _ in 0..2 {
        world.store.write_test(world.now()).await.unwrap();
    }
}

fn request(world: &World, key: KeyId, fingerprint: &str) -> NewRequest {
    NewRequest {
        key,
        name: "order-1".to_owned(),
        fingerprint: fingerprint.to_owned(),
        token: world.ids.token(world.now()),
        lease_until: world.now().after(Duration::from_mins(1)),
    }
}

pub(crate) async fn a_request_is_one_persons_and_answered_alike_for_a_day(world: World) {
    let store = &world.store;
    let (one, two) = (key(&world, "aa"), key(&world, "bb"));
    store.key_put(one.clone()).await.unwrap();
    store.key_put(two.clone()).await.unwrap();
    let asked = request(&world, one.id, "f");
    let begin = |request: NewRequest| store.request_begin(world.now(), request);
    let yours = Begun::Yours(asked.token);
    assert_eq!(begin(asked.clone()).await.unwrap(), yours);
    assert_eq!(begin(asked.clone()).await.unwrap(), Begun::Running);
    let other = request(&world, one.id, "g");
    assert_eq!(begin(other).await.unwrap(), Begun::Other);
    // Another key's request is another request.
    let theirs = request(&world, two.id, "g");
    let token = theirs.token;
    assert_eq!(begin(theirs).await.unwrap(), Begun::Yours(token));

    // Whoever began it died: it is begun again, with the token of before.
    world.clock.advance(Duration::from_mins(1));
    let again = request(&world, one.id, "f");
    assert_ne!(again.token, asked.token);
    assert_eq!(begin(again.clone()).await.unwrap(), yours);
    assert_eq!(begin(again.clone()).await.unwrap(), Begun::Running);
    // It failed, and is forgotten.
    store.request_end(one.id, "order-1", None).await.unwrap();
    let yours = Begun::Yours(again.token);
    assert_eq!(begin(again.clone()).await.unwrap(), yours);
    let answer = Answer {
        status: 202,
        content_type: "application/json".to_owned(),
        location: Some("/v1/videos/1".to_owned()),
        body: "{}".to_owned(),
    };
    let ended = store.request_end(one.id, "order-1", Some(answer.clone()));
    ended.await.unwrap();
    world
        .clock
        .advance(REQUEST_KEPT.saturating_sub(Duration::from_secs(61)));
    let answered = Begun::Answered(answer);
    assert_eq!(begin(again.clone()).await.unwrap(), answered);
    let other = request(&world, one.id, "g");
    assert_eq!(begin(other.clone()).await.unwrap(), Begun::Other);
    world.clock.advance(Duration::from_mins(2));
    let token = other.token;
    assert_eq!(begin(other).await.unwrap(), Begun::Yours(token));
}

pub(crate) async fn of_many_who_begin_a_request_one_does(world: World) {
    let row = key(&world, "aa");
    world.store.key_put(row.clone()).await.unwrap();
    let now = world.now();
    let tries: Vec<_> = (0..32)
        .map(|_| {
            let (store, asked) = (Arc::clone(&world.store), request(&world, row.id, "f"));
            tokio::spawn(async move { store.request_begin(now, asked).await.unwrap() })
        })
        .collect();
    let mut yours = 0;
    for tried in tries {
        match tried.await.unwrap() {
            Begun::Yours(_) => yours += 1,
            begun => assert_eq!(begun, Begun::Running),
        }
    }
    assert_eq!(yours, 1);
}

/// All after `from`, page by page, and where the end is.
async fn all(store: &dyn Store, from: i64, account: Option<AccountId>) -> (Vec<i64>, i64) {
    let (mut seen, mut upto) = (Vec::new(), from);
    loop {
        let filter = EventFilter {
            account,
            video: None,
            after: Some(upto),
            limit: 2,
        };
        let page = store.event_follow(filter).await.unwrap();
        assert!(page.events.len() <= 2 && page.upto >= upto);
        seen.extend(page.events.iter().map(|(_, event)| event.seq));
        upto = page.upto;
        if page.events.len() < 2 {
            return (seen, upto);
        }
    }
}

pub(crate) async fn events_are_followed_without_gaps_and_by_account(world: World) {
    let store = &world.store;
    let end = EventFilter {
        limit: 10,
        ..EventFilter::default()
    };
    let start = store.event_follow(end.clone()).await.unwrap().upto;
    let other = AccountId(world.ids.token(world.now()));
    store.account_put(other, "other").await.unwrap();
    let mut ours = Vec::new();
    for n in 0..5 {
        let key = n.to_string();
        let mut new = world.submission(&key, vec![world.job(Stage::Script, &[])]);
        if n % 2 == 1 {
            new.account = other;
        }
        let account = new.account;
        let video = store.video_submit(world.now(), new).await.unwrap().video;
        ours.push((account, video.id));
    }
    let (seen, upto) = all(&**store, start, None).await;
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted());
    let (theirs, to) = all(&**store, start, Some(other)).await;
    assert_eq!((theirs, to), (vec![seen[1], seen[3]], upto));
    let one = EventFilter {
        video: Some(ours[2].1),
        after: Some(start),
        ..end.clone()
    };
    let page = store.event_follow(one.clone()).await.unwrap();
    assert_eq!(page.events.len(), 1);
    assert_eq!((page.events[0].0, page.events[0].1.video), ours[2]);
    let foreign = EventFilter {
        account: Some(other),
        ..one
    };
    let page = store.event_follow(foreign).await.unwrap();
    assert_eq!((page.events.len(), page.upto), (0, upto));
    assert_eq!(store.event_follow(end).await.unwrap().upto, upto);
    // A place that a restored database doesn't have yet is its end.
    let beyond = EventFilter {
        after: Some(upto + 1000),
        limit: 10,
        ..EventFilter::default()
    };
    let page = store.event_follow(beyond).await.unwrap();
    assert_eq!((page.events.len(), page.upto), (0, upto));
}

pub(crate) async fn whoever_follows_misses_nothing_while_many_write(world: World) {
    let store = Arc::clone(&world.store);
    let wanted = 60;
    let writers: Vec<_> = (0..6)
        .map(|w| {
            let news: Vec<_> = (0..wanted / 6)
                .map(|n| world.submission(&format!("{w}-{n}"), vec![]))
                .collect();
            let (store, now) = (Arc::clone(&store), world.now());
            tokio::spawn(async move {
                for new in news {
                    store.video_submit(now, new).await.unwrap();
                }
            })
        })
        .collect();
    let mut seen = BTreeSet::new();
    let mut upto = 0;
    let mut writing = Some(writers);
    loop {
        let done = writing
            .as_ref()
            .is_none_or(|all| all.iter().all(tokio::task::JoinHandle::is_finished));
        let (some, to) = all(&*store, upto, None).await;
        for seq in some {
            assert!(seq > seen.last().copied().unwrap_or(0), "out of order");
            seen.insert(seq);
        }
        upto = to;
        if done && seen.len() == wanted {
            break;
        }
        if done && let Some(all) = writing.take() {
            for writer in all {
                writer.await.unwrap();
            }
        }
        tokio::task::yield_now().await;
    }
}
