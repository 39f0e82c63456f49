//! `account_put`, `account_zone`, `account_list`, `channel_add`, `channel_list`, `channel_remove`.

use store::{ChannelRow, Error, VideoFilter};
use ytempire_core::{AccountId, ChannelId, Stage};

use crate::World;

impl World {
    /// A channel of the local account, not added yet.
    pub(crate) fn channel(&self, name: &str) -> ChannelRow {
        ChannelRow {
            id: ChannelId::fresh(&self.ids, self.now()),
            account: AccountId::LOCAL,
            name: name.to_owned(),
            zone: None,
            created_at: self.now(),
        }
    }
}

pub(crate) async fn accounts_have_names_and_zones(world: World) {
    let accounts = world.store.account_list().await.unwrap();
    let [local] = &accounts[..] else {
        panic!("{accounts:?}");
    };
    assert_eq!((local.id, local.zone.as_str()), (AccountId::LOCAL, "UTC"));
    let zone = "Europe/Berlin";
    assert!(world.store.account_zone(local.id, zone).await.unwrap());
    let other = world.other_account();
    assert!(!world.store.account_zone(other, zone).await.unwrap());
    // A new name leaves the zone as it is.
    world.store.account_put(local.id, "home").await.unwrap();
    world.store.account_put(other, "other").await.unwrap();
    let accounts = world.store.account_list().await.unwrap();
    let shown: Vec<_> = accounts.iter().map(|a| (&*a.name, &*a.zone)).collect();
    assert_eq!(shown, [("home", zone), ("other", "UTC")]);
}

pub(crate) async fn a_name_is_taken_until_its_channel_is_removed(world: World) {
    let (mut sea, space) = (world.channel("sea"), world.channel("space"));
    sea.zone = Some("Asia/Tokyo".to_owned());
    assert!(world.store.channel_add(sea.clone()).await.unwrap());
    assert!(world.store.channel_add(space.clone()).await.unwrap());
    assert!(!world.store.channel_add(world.channel("sea")).await.unwrap());
    let listed = world.store.channel_list().await.unwrap();
    assert_eq!(listed, [sea.clone(), space.clone()]);
    // Another account may have one of the same name.
    let other = world.other_account();
    world.store.account_put(other, "other").await.unwrap();
    let mut theirs = world.channel("sea");
    theirs.account = other;
    assert!(world.store.channel_add(theirs.clone()).await.unwrap());
    let remove = || world.store.channel_remove(world.now(), sea.id);
    assert!(remove().await.unwrap() && !remove().await.unwrap());
    assert!(world.store.channel_add(world.channel("sea")).await.unwrap());
    let listed = world.store.channel_list().await.unwrap();
    assert!(listed.len() == 3 && !listed.contains(&sea));
}

pub(crate) async fn videos_are_made_for_channels_that_are_there(world: World) {
    let sea = world.channel("sea");
    let submit = |key: &str| {
        let mut new = world.submission(key, vec![world.job(Stage::Script, &[])]);
        new.channel = Some(sea.id);
        world.store.video_submit(world.now(), new)
    };
    let refused = submit("v").await;
    assert!(matches!(refused, Err(Error::ChannelGone(id)) if id == sea.id));
    world.store.channel_add(sea.clone()).await.unwrap();
    let video = submit("v").await.unwrap().video;
    assert_eq!(video.channel, Some(sea.id));
    let without = world.submit("w", vec![world.job(Stage::Script, &[])]).await;
    assert_eq!(without.channel, None);
    let filter = VideoFilter {
        channel: Some(sea.id),
        ..VideoFilter::newest(9)
    };
    let of_sea = world.store.video_list(filter).await.unwrap();
    assert_eq!(of_sea, [video]);
    let view = world.store.line_view(world.now(), 9).await.unwrap();
    let channels: Vec<_> = view.videos.iter().map(|video| video.channel).collect();
    assert_eq!(channels, [Some(sea.id), None]);
    let removed = world.store.channel_remove(world.now(), sea.id).await;
    assert!(removed.unwrap());
    // What was accepted is answered as before and goes on; nothing new is accepted.
    assert!(!submit("v").await.unwrap().fresh);
    assert!(submit("x").await.is_err());
    assert_eq!(world.claim(9).await.len(), 2);
    let mut stranger = world.channel("stranger");
    stranger.account = world.other_account();
    world
        .store
        .account_put(stranger.account, "other")
        .await
        .unwrap();
    world.store.channel_add(stranger.clone()).await.unwrap();
    let mut new = world.submission("y", vec![world.job(Stage::Script, &[])]);
    new.channel = Some(stranger.id);
    let refused = world.store.video_submit(world.now(), new).await;
    assert!(refused.is_err(), "a channel of another account");
}
