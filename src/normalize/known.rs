//! The values that the API documents for fields that are one of few, in either of its versions. Another value is
//! data all the same; it is stored, and counted as drift.

pub(super) const ASSISTANT_TYPES: &[&str] = &["standalone", "multi-step", "sub-assistant"];
pub(super) const ATTEMPT_STATUSES: &[&str] = &["queued", "ringing", "ongoing", "completed", "error"];
pub(super) const BACKGROUND_SOUNDS: &[&str] = &["audio/office.ogg"];
pub(super) const CALL_STATUSES: &[&str] = &[
    "initializing",
    "queued_for_calling",
    "calling",
    "post_processing",
    "not_launched",
    "scheduled",
    "paused",
    "completed",
    "cancelled",
    "errored",
];
pub(super) const CAMPAIGN_STATUSES: &[&str] = &["draft", "running", "paused", "completed"];
pub(super) const DAYS: &[&str] =
    &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
pub(super) const DIAL_ERRORS: &[&str] = &[
    "number_non_attributed",
    "too_many_calls",
    "busy",
    "temporarily_unavailable",
    "no_answer",
    "no_international_permission",
    "precondition_failed",
    "non_classified_error",
];
pub(super) const DIRECTIONS: &[&str] = &["inbound", "outbound"];
pub(super) const END_REASONS: &[&str] = &[
    "tool_end_call",
    "voicemail",
    "transfer",
    "ivr_no_navigate",
    "max_duration",
    "user_inactive",
    "user_rejected",
    "user_unavailable",
    "client_initiated",
    "connection_timeout",
    "human_takeover",
    "participant_removed",
    "speed_dial_abandoned",
    "speed_dial_hangup",
    "speed_dial_operator_missed",
    "speed_dial_timeout",
];
pub(super) const ENDED_BY: &[&str] = &["agent", "user", "system"];
pub(super) const EXTRACTIONS: &[&str] = &["none", "running", "completed"];
pub(super) const FAQ_SOURCES: &[&str] = &["human", "ai"];
pub(super) const FIELD_TYPES: &[&str] = &["string", "number", "boolean", "enum", "date", "datetime"];
pub(super) const FIRST_SENTENCE_MODES: &[&str] = &["generated", "static", "none"];
pub(super) const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];
pub(super) const MODEL_NAMES: &[&str] = &["gpt-4.1", "ministral-3-8b-instruct"];
pub(super) const MODEL_TYPES: &[&str] = &["dedicated-instance", "openrouter", "custom", "realtime"];
pub(super) const NODE_TYPES: &[&str] = &["promptBlock"];
pub(super) const OUTCOMES: &[&str] =
    &["not_interested", "interested", "completed", "requested_callback_later"];
/// What something is done after: an outcome or none.
pub(super) const OUTCOMES_OR_NONE: &[&str] =
    &["not_interested", "interested", "completed", "requested_callback_later", "none"];
pub(super) const REALTIME_PROVIDERS: &[&str] = &["openai", "google"];
pub(super) const RESULTS: &[&str] = &["IVR", "voicemail", "human", "unknown", "ios-screening-filter"];
pub(super) const ROLES: &[&str] = &["user", "assistant", "tool", "human_agent"];
pub(super) const SMS_PROVIDERS: &[&str] = &["twilio", "vonage"];
pub(super) const SMS_TYPES: &[&str] = &["in_call", "voicemail", "after_call"];
pub(super) const SPEAKERS: &[&str] = &["user", "agent"];
pub(super) const STT_MODELS: &[&str] = &["stt-rt-v4", "stt-rt-v5"];
pub(super) const THINKING_SOUNDS: &[&str] = &[
    "city-ambience.ogg",
    "forest-ambience.ogg",
    "office-ambience.ogg",
    "crowded-room.ogg",
    "keyboard-typing.ogg",
    "keyboard-typing2.ogg",
    "hold_music.ogg",
];
pub(super) const TRANSFER_MODES: &[&str] = &["warm", "cold"];
pub(super) const VOICE_MODELS: &[&str] = &["sonic-3", "sonic-3.5"];
pub(super) const VOICE_PROVIDERS: &[&str] = &["cartesia", "elevenlabs", "gradium"];
