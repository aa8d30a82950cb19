//! The people who are called: name, company, town, language.

use super::dialogue::{self, Language};
use crate::simulator::draw::Draw;

/// Someone who is called. The same seed is the same person.
#[derive(Debug)]
pub(in crate::simulator) struct Person {
    pub(in crate::simulator) first_name: &'static str,
    pub(in crate::simulator) last_name: &'static str,
    pub(in crate::simulator) company: &'static str,
    pub(in crate::simulator) job_title: &'static str,
    pub(in crate::simulator) city: &'static str,
    pub(in crate::simulator) email: String,
    pub(in crate::simulator) language: &'static Language,
}

impl Person {
    /// The person of `seed`.
    pub(in crate::simulator) fn of(seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let language = draw.weighted(dialogue::LANGUAGES);
        let first_name = draw.pick(language.first_names);
        let last_name = draw.pick(language.last_names);
        let number = draw.number(10..10_000);
        Self {
            first_name,
            last_name,
            company: draw.pick(COMPANIES),
            job_title: draw.pick(JOBS),
            city: draw.pick(language.cities),
            email: format!("contact{number}@{}", draw.pick(DOMAINS)),
            language,
        }
    }
}

const COMPANIES: &[&str] = &[
    "Boulangerie Dupré & Fils",
    "Lumière Énergie",
    "\"L'Atelier\" Menuiserie",
    "Nordwind GmbH",
    "Garage Peña e Hijos",
    "مؤسسة النور",
    "株式会社あおぞら",
    "东方贸易有限公司",
    "קפה ירושלים",
    "O'Brien \\ Partners",
    "Clinique Vétérinaire du Parc",
    "Studio 🎨 Couleurs",
];

const JOBS: &[&str] =
    &["gérante", "office manager", "directeur des achats", "owner", "responsable RH", "CTO", "vétérinaire"];

const DOMAINS: &[&str] = &["exemple.fr", "example.com", "mail.example.org", "société.example"];
