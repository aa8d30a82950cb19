//! Conversations, in several languages and scripts.

use crate::simulator::draw::Draw;

/// A language that the people of the account speak, with what is said in it.
#[derive(Debug)]
pub(in crate::simulator) struct Language {
    /// Its tag, as rows give it.
    pub(in crate::simulator) tag: &'static str,
    pub(in crate::simulator) first_names: &'static [&'static str],
    pub(in crate::simulator) last_names: &'static [&'static str],
    pub(in crate::simulator) cities: &'static [&'static str],
    agent: &'static [&'static str],
    user: &'static [&'static str],
}

impl Language {
    /// Something that the assistant says.
    pub(in crate::simulator) fn agent_line(&self, draw: &mut Draw) -> &'static str {
        draw.pick(self.agent)
    }

    /// Something that the person says; now and then far too much of it.
    pub(in crate::simulator) fn user_line(&self, draw: &mut Draw) -> String {
        if draw.number(0..2_500) == 0 {
            let lines = draw.count(80..300);
            return (0..lines).map(|_| draw.pick(self.user)).collect::<Vec<_>>().join(" … ");
        }
        draw.pick(self.user).to_owned()
    }
}

/// The languages, with how often each is spoken.
pub(in crate::simulator) const LANGUAGES: &[(&Language, u32)] = &[
    (&FRENCH, 46),
    (&ENGLISH, 22),
    (&SPANISH, 8),
    (&ARABIC, 8),
    (&HEBREW, 4),
    (&CHINESE, 6),
    (&JAPANESE, 6),
];

const FRENCH: Language = Language {
    tag: "fr-FR",
    first_names: &["Zoé", "François", "Aurélie", "Noël", "Maëlys", "Théo", "Anaïs", "Jérôme"],
    last_names: &["Lefèvre", "d'Almeida", "Garçon", "Müller-Noël", "Bœuf", "Château", "Ibáñez"],
    cities: &["Saint-Étienne", "Orléans", "Nîmes", "L'Haÿ-les-Roses"],
    agent: &[
        "Bonjour, ici Léa de Lumière Énergie. Je vous appelle au sujet de votre dossier de rénovation : avez-vous deux minutes ?",
        "Très bien. Pour préparer la visite, pourriez-vous me dire si la maison est équipée d'une pompe à chaleur ou d'une chaudière à gaz ?",
        "Je comprends tout à fait. Le rendez-vous dure environ trente minutes et ne vous engage à rien ; préférez-vous mardi matin ou jeudi après-midi ?",
        "C'est noté, j'envoie la confirmation par SMS à ce numéro. Y a-t-il autre chose que je puisse faire pour vous aujourd'hui ?",
        "Excusez-moi, la ligne est mauvaise. Vous disiez « l'année prochaine », c'est bien ça ?",
    ],
    user: &[
        "Oui, bonjour, allez-y, mais vite parce que je suis au volant là.",
        "Euh… on a encore la vieille chaudière, celle d'avant, elle a dû être posée en 1998 ou quelque chose comme ça.",
        "Ah non mais ça ne m'intéresse pas du tout, j'ai déjà dit à votre collègue de ne plus m'appeler !",
        "D'accord pour jeudi, après 16 h si c'est possible, je récupère les enfants à l'école avant. 👨‍👩‍👧‍👦",
        "Pardon ? Je n'ai pas entendu, vous pouvez répéter s'il vous plaît ?",
        "Ça marche 👍🏽 merci beaucoup, bonne journée à vous aussi.",
    ],
};

const ENGLISH: Language = Language {
    tag: "en-GB",
    first_names: &["Sam", "Olivia", "Priya", "Conor", "Grace", "Daniel"],
    last_names: &["O'Connor", "Smith", "Patel", "Van der Berg", "\"Mac\" McAllister"],
    cities: &["Leeds", "Bristol", "Cork", "Stratford-upon-Avon"],
    agent: &[
        "Hello, this is Alex calling from the clinic about your appointment on Thursday. Is now a good time to talk?",
        "Thanks. I can see two free slots next week: Monday at half past nine, or Wednesday at a quarter to three. Which would suit you better?",
        "No problem at all, I will make a note of it. Could you spell the e-mail address for me, letter by letter?",
        "So the reference is A\\B-42, and the note on file says \"call back after lunch\". Does that sound right?",
        "Understood. I will ask a colleague to ring you back before the end of the day. Thank you for your patience.",
    ],
    user: &[
        "Yeah, hi, sorry, who is this again?",
        "Wednesday works, but not before three, I have got a meeting that always runs late.",
        "It's \"j dot doe\" at example dot com. And the folder was C:\\Users\\jdoe\\Desktop, if that helps.",
        "Look, just send me an e-mail, would you? I really cannot talk now.",
        "Great, thanks ever so much! 🎉",
        "Line one: the invoice.\nLine two: the refund.\n\tAnd that is all there is to it.",
    ],
};

const SPANISH: Language = Language {
    tag: "es-ES",
    first_names: &["Íñigo", "Begoña", "José María", "Lucía"],
    last_names: &["Núñez", "Ibáñez", "Muñoz Peña"],
    cities: &["A Coruña", "Cádiz", "León"],
    agent: &[
        "Buenos días, le llamo de parte de Lumière Energía por la revisión anual de su instalación. ¿Tiene un momento?",
        "Perfecto. ¿Le vendría mejor el miércoles por la mañana o prefiere que lo dejemos para la semana que viene?",
        "Muy bien, se lo confirmo por mensaje. ¡Que pase un buen día!",
    ],
    user: &[
        "Sí, dígame, pero estoy en una reunión, así que sea breve, por favor.",
        "¿La semana que viene? Imposible, estamos de vacaciones hasta el día quince. 🏖️",
        "Vale, el miércoles a las once. Gracias, señorita.",
    ],
};

const ARABIC: Language = Language {
    tag: "ar-MA",
    first_names: &["محمد", "فاطمة", "يوسف", "عائشة"],
    last_names: &["بن علي", "العلوي", "الفاسي"],
    cities: &["الدار البيضاء", "مراكش", "تونس"],
    agent: &[
        "السلام عليكم، معكم ليلى من شركة النور. أتصل بخصوص الموعد الذي حجزتموه يوم الخميس، هل الوقت مناسب الآن؟",
        "شكراً لكم. هل تفضلون الساعة العاشرة صباحاً أم الثالثة بعد الظهر؟",
        "تمام، سأرسل لكم رسالة تأكيد على الرقم +212 522 و سنلتقي إن شاء الله.",
    ],
    user: &[
        "وعليكم السلام، نعم تفضلي.",
        "الثالثة أحسن، لأنني أعمل في الصباح، واسم الشركة هو \"Nour SARL\" بالفرنسية.",
        "لا، شكراً، لست مهتماً بهذا العرض.",
    ],
};

const HEBREW: Language = Language {
    tag: "he-IL",
    first_names: &["נועה", "יוסף", "תמר"],
    last_names: &["כהן", "לוי", "בן-דוד"],
    cities: &["תל אביב–יפו", "חיפה"],
    agent: &[
        "שלום, מדברת מיכל מהמרפאה. אני מתקשרת בקשר לתור שלך ביום חמישי, זה זמן נוח?",
        "מצוין. יש לי תור פנוי ב־10:30 או ב־15:00, מה מתאים לך יותר?",
        "רשמתי, תודה רבה ויום נעים.",
    ],
    user: &["כן, שלום, אני שומע.", "עדיף אחר הצהריים, ואפשר לשלוח לי SMS ל־050?", "תודה, להתראות! 🙏"],
};

const CHINESE: Language = Language {
    tag: "zh-CN",
    first_names: &["伟", "秀英", "子涵"],
    last_names: &["王", "欧阳", "陈"],
    cities: &["上海市", "广州市"],
    agent: &[
        "您好,我是东方贸易公司的客服助理,想跟您确认一下上周的订单,请问您现在方便吗?",
        "好的,明白了。那我们把送货时间改到星期五下午两点到四点之间,可以吗?",
        "没问题,我已经帮您登记好了,稍后会给您发一条确认短信。祝您生活愉快!",
    ],
    user: &["方便,你说吧。", "星期五不行,我出差,能不能改到下个星期一?𠮷先生会在公司。", "好的,谢谢你啊。"],
};

const JAPANESE: Language = Language {
    tag: "ja-JP",
    first_names: &["さくら", "健太", "ユウキ"],
    last_names: &["髙橋", "渡邉", "佐藤"],
    cities: &["東京都港区", "京都市"],
    agent: &[
        "お世話になっております。株式会社あおぞらの佐藤と申します。先日お問い合わせいただいた件でお電話いたしました。",
        "かしこまりました。それでは、来週の水曜日の午後3時はいかがでしょうか。",
        "ありがとうございます。確認のメールをお送りいたしますので、よろしくお願いいたします。",
    ],
    user: &[
        "はい、少しでしたら大丈夫です。",
        "水曜日はちょっと…。木曜日の午前中なら空いていますけど。",
        "わかりました。では、失礼いたします。",
    ],
};
