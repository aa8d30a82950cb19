//! What a case is: the API it runs against, the edits that its account knows, and how the mirror is set.

use crate::chance::Chance;
use crate::edits::Edit;
use revox_mirror::clock::Clock;
use revox_mirror::simulator::{
    CampaignDetail, Echo, Filters, Flavour, NewerApi, Numbers, OlderApi, Options, Oversize, PageZero,
    SearchSort, SearchTies, SearchTotal, SeveralStatuses, UnknownParameters,
};
use revox_mirror::sync::SyncSettings;
use std::time::Duration;

/// A case: what follows from it before the first request.
pub(crate) struct Case {
    pub(crate) options: Options,
    /// What campaigns have and are added with.
    pub(crate) rows: usize,
    pub(crate) settings: SyncSettings,
    /// The edits that happen here. Few kinds together go further than all of them at once.
    pub(crate) menu: Vec<Edit>,
    /// The other API, of an account that answers in the one way today and in the other tomorrow.
    pub(crate) other: Option<Flavour>,
    /// When it changes its way: draws of their own, so that a seed's other draws are what they are without it.
    pub(crate) switching: Chance,
    /// The rest of the seed's draws.
    pub(crate) chance: Chance,
}

impl Case {
    /// The case of a seed, on a clock.
    pub(crate) fn draw(seed: u64, clock: &Clock) -> Self {
        let mut chance = Chance::new(seed);
        let page_size = chance.number(4..9);
        let flavour = draw_flavour(&mut chance, u32::try_from(page_size).unwrap());
        // A page that is asked for and too large is cut or refused, and then goes by 5 or by 1.
        let shown = match flavour {
            Flavour::Older(api) if api.max_page_size < 5 && api.oversize == Oversize::Refuse400 => 1,
            Flavour::Older(api) => page_size.min(u64::from(api.max_page_size)),
            Flavour::Newer(_) => page_size,
        };
        let rows = usize::try_from((2 * shown + 1).max(8) + chance.number(0..2 * shown)).unwrap();
        let settings = SyncSettings {
            page_size: u32::try_from(page_size).unwrap(),
            max_concurrent_campaigns: *chance.pick(&[1, 1, 3]),
            batch_rows: usize::try_from(page_size).unwrap() * chance.count(1..3),
            pages_ahead: chance.count(1..4),
            settle_window: Duration::from_hours(*chance.pick(&[1, 24])),
            // Campaigns are small here: incremental passes are to be seen all the same.
            walk_pages_at_most: *chance.pick(&[0, 0, 6]),
            ..crate::support::account::sync_settings()
        };
        let options = Options {
            flavour,
            seed: chance.number(0..u64::MAX),
            campaigns: chance.count(2..4),
            rows,
            turns: chance.count(1..3),
            numbers: *chance.pick(&[Numbers::Integers, Numbers::Floats]),
            campaign_detail: *chance.pick(&[
                CampaignDetail::Full,
                CampaignDetail::Full,
                CampaignDetail::WithoutRowStats,
                CampaignDetail::WithoutAssistant,
                CampaignDetail::Bare,
            ]),
            clock: Some(clock.clone()),
            ..Options::default()
        };
        let menu = Edit::draw_menu(&mut chance);
        let mut switching = Chance::new(seed ^ SWITCHING);
        let other = switching.happens(24).then(|| match flavour {
            Flavour::Older(_) => draw_newer(&mut switching),
            Flavour::Newer(_) => draw_older(&mut switching, u32::try_from(page_size).unwrap()),
        });
        Self { options, rows, settings, menu, other, switching, chance }
    }

    /// Whether the API says in two ways how many rows there are: in pages, or in the campaign.
    pub(crate) fn counts_rows(&self) -> bool {
        let shows_stats =
            matches!(self.options.campaign_detail, CampaignDetail::Full | CampaignDetail::WithoutAssistant);
        shows_stats || !self.options.flavour.is_newer() && self.other.is_none()
    }

    /// What the coverage calls its API.
    pub(crate) fn api(&self) -> Vec<String> {
        let mut names = names_of(self.options.flavour);
        if let Some(other) = self.other {
            let way = if other.is_newer() { "older, then newer" } else { "newer, then older" };
            names.push(format!("switches: {way}"));
            names.extend(names_of(other));
        }
        names
    }
}

fn names_of(flavour: Flavour) -> Vec<String> {
    match flavour {
        Flavour::Newer(api) => vec![
            "newer".to_owned(),
            format!("newer, parameters {:?}", api.unknown_parameters),
            format!(
                "newer, search pages of {}, large ones {:?}",
                api.search_max_page_size, api.search_oversize
            ),
            format!("newer, search sort {:?}, ties {:?}", api.search_sort, api.search_ties),
            format!("newer, search total {:?}", api.search_total),
        ],
        Flavour::Older(api) => vec![
            "older".to_owned(),
            format!("older, pages from {}, page 0 {:?}", api.first_page, api.page_zero),
            format!("older, large pages {:?}", api.oversize),
            format!("older, filters {:?}", api.filters),
            format!("older, several statuses {:?}", api.several_statuses),
        ],
    }
}

/// Keeps the draws of switches apart from the others.
const SWITCHING: u64 = 0x5157_1c48;

fn draw_flavour(chance: &mut Chance, page_size: u32) -> Flavour {
    if chance.happens(25) {
        return draw_newer(chance);
    }
    draw_older(chance, page_size)
}

fn draw_newer(chance: &mut Chance) -> Flavour {
    let unknown_parameters = *chance.pick(&[UnknownParameters::Ignored, UnknownParameters::Refused400]);
    // Out of draws of their own, so that seeds from before there were so many searches are what they were.
    let mut search = chance.clone();
    Flavour::Newer(NewerApi {
        unknown_parameters,
        search_first_page: *search.pick(&[0, 1]),
        search_max_page_size: *search.pick(&[3, 7, 100]),
        search_oversize: *search.pick(&[Oversize::Refuse400, Oversize::Clamp]),
        search_sort: *search.pick(&[
            SearchSort::Honoured,
            SearchSort::Honoured,
            SearchSort::Honoured,
            SearchSort::Honoured,
            SearchSort::Ignored,
            SearchSort::Refused400,
        ]),
        search_ties: *search.pick(&[SearchTies::Stable, SearchTies::Turning]),
        search_total: *search.pick(&[SearchTotal::True, SearchTotal::True, SearchTotal::Absent]),
    })
}

fn draw_older(chance: &mut Chance, page_size: u32) -> Flavour {
    let first_page = *chance.pick(&[0, 1]);
    let page_zeros = [PageZero::Refuse400, PageZero::ClampToFirst, PageZero::EmptyRows];
    Flavour::Older(OlderApi {
        first_page,
        page_zero: if first_page == 0 { PageZero::Refuse400 } else { *chance.pick(&page_zeros) },
        max_page_size: if chance.happens(25) { page_size - 1 } else { 100 },
        oversize: *chance.pick(&[Oversize::Refuse400, Oversize::Clamp]),
        echo: *chance.pick(&[Echo::Asked, Echo::Effective]),
        filters: *chance.pick(&[Filters::Honoured, Filters::Honoured, Filters::Ignored, Filters::Refused]),
        several_statuses: *chance.pick(&[
            SeveralStatuses::Comma,
            SeveralStatuses::Repeated,
            SeveralStatuses::Never,
        ]),
    })
}
