"""The pictures that ./dev shots takes of the demo firm, for the README and for looking at every screen as every role.

A path may hold what is only known in the database: ``{id:MODULE.XMLID}`` is a record's id, ``{first:MODEL}`` or
``{first:MODEL:DOMAIN}`` the first record that the login sees.
"""

from dataclasses import dataclass

DESKTOP = (1440, 900)
PHONE = (375, 667)


@dataclass(frozen=True)
class Shot:
    """One page as one person sees it; each size is a file of its own.

    :param wait: an element that must be there
    :param clicks: elements that are clicked one after the other; a hidden one is looked for in the menu of the status
        bar, where phones keep buttons
    :param scroll_to: an element that is brought into sight before the picture
    """

    name: str
    login: str
    path: str
    wait: str = ""
    sizes: tuple = (DESKTOP, PHONE)
    clicks: tuple = ()
    scroll_to: str = ""


@dataclass(frozen=True)
class Paper:
    """A document as it is printed: a PDF per language, and a picture of each of its pages.

    :param path: of the PDF, as Odoo serves it
    :param languages: {what the name of the file ends with: code of the language}
    """

    name: str
    login: str
    path: str
    languages: tuple = (("en", "en_US"), ("zh", "zh_CN"))


_ACTION = "/odoo/action-print_broker_crm."
_KANBAN = ".o_kanban_renderer .o_kanban_record:not(.o_kanban_ghost)"
_ROWS = ".o_list_renderer .o_data_row, .o_kanban_renderer .o_kanban_record:not(.o_kanban_ghost)"
_FORM = ".o_form_view .o_form_sheet"

SHOTS = (
    Shot("dashboard", "owner", f"{_ACTION}broker_dashboard_action", ".o_broker_dashboard_body canvas"),
    Shot(
        "dashboard-who-is-going",
        "owner",
        f"{_ACTION}broker_dashboard_action",
        ".o_broker_dashboard_body canvas",
        scroll_to=".o_broker_decliners",
    ),
    Shot("month-report", "owner", f"{_ACTION}broker_month_report_action/{{first:broker.month.report}}", _FORM),
    Shot(
        "month-report-below",
        "owner",
        f"{_ACTION}broker_month_report_action/{{first:broker.month.report}}",
        _FORM,
        scroll_to=".o_field_widget[name='desk_ids']",
    ),
    Shot("service-desk-result", "owner", f"{_ACTION}broker_desk_figure_action", ".o_pivot, .o_view_controller"),
    Shot("customer-months", "owner", f"{_ACTION}broker_customer_month_action", ".o_pivot, .o_view_controller"),
    Shot("customers", "owner", f"{_ACTION}broker_customer_action", _KANBAN),
    Shot(
        "customer-file",
        "owner",
        f"{_ACTION}broker_customer_action/{{first:broker.customer:[('sales_origin','=','inherited')]}}",
        _FORM,
    ),
    Shot("my-targets", "wang", f"{_ACTION}gamification_goal_action_open_mine", _KANBAN),
    Shot("targets-of-the-team", "owner", f"{_ACTION}gamification_goal_action_open_team", ".o_view_controller"),
    Shot("monthly-targets", "owner", f"{_ACTION}gamification_challenge_action_targets", _ROWS),
    Shot(
        "monthly-targets-form",
        "owner",
        f"{_ACTION}gamification_challenge_action_targets/{{id:print_broker_crm.gamification_challenge_service}}",
        _FORM,
    ),
    Shot("key-accounts", "owner", f"{_ACTION}broker_customer_action_key_accounts", _ROWS),
    Shot("sponsor-visits", "owner", f"{_ACTION}broker_customer_action_view_visits", _ROWS),
    Shot("staff-load", "owner", f"{_ACTION}broker_staff_load_action", _ROWS),
    Shot("one-person", "owner", f"{_ACTION}broker_customer_action_one_person", ".o_view_controller"),
    Shot("needs", "wang", f"{_ACTION}broker_need_action_open", _ROWS),
    Shot("demand", "owner", f"{_ACTION}broker_demand_action", _ROWS),
    Shot("campaigns", "owner", f"{_ACTION}broker_campaign_action", _KANBAN),
    Shot(
        "campaign",
        "owner",
        f"{_ACTION}broker_campaign_action/{{first:broker.campaign:[('state','=','running')]}}",
        _FORM,
    ),
    Shot(
        "campaign-holdback",
        "owner",
        f"{_ACTION}broker_campaign_action/{{first:broker.campaign:[('holdback_percent','>',0)]}}",
        _FORM,
        scroll_to=".o_field_widget[name='order_amount']",
    ),
    Shot("campaign-customers", "owner", f"{_ACTION}broker_campaign_member_action", _ROWS),
    Shot("log-contact", "wang", f"{_ACTION}broker_customer_action_log", _KANBAN),
    Shot("log-contact-tap", "wang", f"{_ACTION}broker_customer_action_log", _KANBAN, clicks=(_KANBAN,)),
    Shot("time-line", "owner", f"{_ACTION}broker_contact_action", ".o_view_controller"),
    Shot("referrals", "owner", f"{_ACTION}broker_referral_action", _ROWS),
    Shot("assignments", "owner", f"{_ACTION}broker_assignment_action", _ROWS),
    Shot("handoffs", "chen", f"{_ACTION}broker_handoff_action", ".o_kanban_renderer"),
    Shot(
        "handoff",
        "wang",
        f"{_ACTION}broker_handoff_action/{{first:broker.handoff:[('return_count','>',0)]}}",
        _FORM,
    ),
    Shot(
        "handoff-introduction",
        "chen",
        f"{_ACTION}broker_handoff_action/{{first:broker.handoff:[('needs_introduction','=',True)]}}",
        _FORM,
    ),
    Shot("returns", "owner", f"{_ACTION}broker_handoff_event_action", _ROWS),
    Shot("questions", "owner", f"{_ACTION}broker_question_pass_action", _ROWS),
    Shot(
        "question",
        "chen",
        f"{_ACTION}broker_question_pass_action/{{first:broker.question.pass:[('state','=','waiting')]}}",
        _FORM,
        clicks=("button[name='action_open_document']",),
    ),
    Shot("requirements", "owner", f"{_ACTION}broker_handoff_requirement_action", _ROWS),
    Shot("jobs", "chen", f"{_ACTION}broker_job_action", _ROWS),
    Shot("board", "owner", f"{_ACTION}broker_relay_board_action", _KANBAN),
    Shot("deliveries", "owner", f"{_ACTION}broker_relay_calendar_action", ".o_calendar_renderer"),
    Shot("legs", "owner", f"{_ACTION}broker_relay_leg_action", ".o_pivot, .o_view_controller"),
    Shot("promises", "owner", f"{_ACTION}purchase_order_line_action_promise", ".o_view_controller"),
    Shot("job-stages", "owner", f"{_ACTION}broker_relay_stage_action", _ROWS),
    Shot(
        "job",
        "owner",
        f"{_ACTION}broker_relay_board_action/{{first:sale.order:[('broker_leg_id.start_kind','=','returned')]}}",
        _FORM,
    ),
    Shot("job-specs", "chen", f"{_ACTION}broker_job_spec_action", _ROWS),
    Shot(
        "job-spec",
        "wang",
        f"{_ACTION}broker_job_spec_action/{{first:broker.job.spec:[('warning_note','!=',False)]}}",
        _FORM,
    ),
    Shot(
        "job-spec-short",
        "wang",
        "/odoo/sales/{first:sale.order:[('state','=','draft'),('order_line.broker_job_spec_ids','!=',False)]}",
        _FORM,
        clicks=("button[name=action_open_broker_job_spec]",),
    ),
    Shot("print-options", "owner", f"{_ACTION}broker_print_option_action", ".o_list_renderer, .o_kanban_renderer"),
    Shot(
        "product-type",
        "owner",
        f"{_ACTION}broker_product_type_action/{{id:print_broker_crm.broker_product_type_brochure}}",
        _FORM,
    ),
    Shot("cases", "owner", f"{_ACTION}broker_case_action_desk", _KANBAN),
    Shot(
        "case",
        "owner",
        f"{_ACTION}broker_case_action/{{first:broker.case:[('state','=','waiting_customer')]}}",
        _FORM,
    ),
    Shot("cases-by-cause", "owner", f"{_ACTION}broker_case_action_analysis", ".o_pivot"),
    Shot("proofs", "chen", f"{_ACTION}broker_proof_action_desk", _ROWS),
    Shot(
        "proof",
        "owner",
        f"{_ACTION}broker_proof_action/{{first:broker.proof:[('state','=','approved_comment')]}}",
        _FORM,
    ),
    Shot(
        "proof-page", "owner", "/my/proofs/{first:broker.proof:[('state','=','approved_comment')]}", ".o_broker_proof"
    ),
    Shot(
        "neutral-delivery",
        "owner",
        "/odoo/purchase-orders/{first:purchase.order:[('broker_neutral_delivery','=',True)]}",
        _FORM,
    ),
    Shot(
        "claim",
        "owner",
        f"{_ACTION}broker_case_action/{{first:broker.case:[('reprint_order_ids','!=',False)]}}",
        _FORM,
        clicks=(".nav-link[name='claim']",),
        scroll_to=".o_field_widget[name='claim_line_ids']",
    ),
    Shot(
        "crisis",
        "owner",
        f"{_ACTION}broker_case_action/{{first:broker.case:[('crisis_meeting_id','!=',False)]}}",
        _FORM,
    ),
    Shot("printing-house-claims", "chen", f"{_ACTION}broker_case_action_printing_house", ".o_pivot"),
    Shot("unknown-senders", "sun", f"{_ACTION}broker_case_request_action", _ROWS),
    Shot(
        "unknown-sender",
        "sun",
        f"{_ACTION}broker_case_request_action/{{first:broker.case.request:[('state','=','open')]}}",
        _FORM,
    ),
    Shot("case-mailboxes", "owner", f"{_ACTION}broker_case_mailbox_action", _ROWS),
    Shot("case-page", "owner", "/my/cases/{first:broker.case:[('source','=','portal')]}", ".o_broker_case"),
    Shot("care-queue", "sun", f"{_ACTION}broker_care_call_action", ".o_kanban_renderer, .o_list_renderer"),
    Shot(
        "care-call",
        "sun",
        f"{_ACTION}broker_care_call_action/{{first:broker.care.call:[('state','=','planned')]}}",
        _FORM,
    ),
    Shot("coverage", "sun", f"{_ACTION}broker_customer_coverage_action", _KANBAN),
    Shot("coverage-list", "owner", f"{_ACTION}broker_customer_coverage_action?view_type=list", _ROWS, (DESKTOP,)),
    Shot(
        "customer-silent",
        "owner",
        f"{_ACTION}broker_customer_coverage_action/{{first:broker.customer:[('coverage_state','=','sales_silent')]}}",
        _FORM,
    ),
    Shot("playbook", "sun", f"{_ACTION}broker_playbook_action", _KANBAN),
    Shot(
        "playbook-page",
        "owner",
        f"{_ACTION}broker_playbook_action/{{id:print_broker_crm.broker_playbook_case_claim}}",
        _FORM,
    ),
    Shot(
        "playbook-new-version",
        "owner",
        f"{_ACTION}broker_playbook_action/{{id:print_broker_crm.broker_playbook_case_claim}}",
        ".modal .o_field_html",
        clicks=("button[name=action_edit]",),
    ),
    Shot(
        "playbook-on-call",
        "sun",
        f"{_ACTION}broker_care_call_action/{{first:broker.care.call:[('state','=','planned')]}}",
        _FORM,
        clicks=(".o_broker_playbook summary",),
    ),
    Shot(
        "playbook-on-job",
        "chen",
        f"{_ACTION}broker_relay_board_action/{{first:sale.order:[('broker_relay_stage_id.code','=','proof')]}}",
        _FORM,
        clicks=("a[name=broker_playbook]", ".o_broker_playbook summary"),
        scroll_to=".o_broker_playbook",
    ),
    Shot(
        "care-write",
        "sun",
        f"{_ACTION}broker_care_call_action/{{first:broker.care.call:[('step','=','write'),('state','=','planned')]}}",
        "div[name='writing']",
        scroll_to="div[name='writing']",
    ),
    Shot("care-absences", "owner", f"{_ACTION}broker_care_absence_action_list", _ROWS),
    Shot("care-rules", "owner", f"{_ACTION}broker_care_rule_action", _ROWS),
    Shot("ratings", "sun", f"{_ACTION}broker_care_rating_action"),
    Shot("signals", "owner", f"{_ACTION}broker_signal_action", _KANBAN),
    Shot(
        "signal",
        "owner",
        f"{_ACTION}broker_signal_action/{{first:broker.signal:[('kind','=','departure')]}}",
        _FORM,
    ),
    Shot("figures-calls", "sun", f"{_ACTION}broker_care_figure_action", ".o_pivot, .o_view_controller"),
    Shot("figures-satisfaction", "sun", f"{_ACTION}broker_satisfaction_figure_action", ".o_pivot, .o_view_controller"),
    Shot(
        "customer-trend",
        "owner",
        f"{_ACTION}broker_customer_action/{{first:broker.customer:[('trend','=','declining'),('tier_rank','>',2)]}}",
        _FORM,
        clicks=(".o_notebook .nav-link[name=trend]",),
        scroll_to=".o_notebook",
    ),
    Shot("trend-changes", "owner", f"{_ACTION}broker_trend_change_action", _ROWS),
    Shot("missing-products", "owner", f"{_ACTION}broker_product_gap_action", _ROWS),
    Shot("reviews", "owner", f"{_ACTION}broker_review_action", _KANBAN),
    Shot(
        "review",
        "owner",
        f"{_ACTION}broker_review_action/{{first:broker.review:[('state','in',('agreed','following')),('evidence_ids','!=',False)]}}",
        _FORM,
    ),
    Shot(
        "review-meeting",
        "owner",
        f"{_ACTION}broker_review_action/{{first:broker.review:[('state','in',('new','planned'))]}}",
        _FORM,
        clicks=("button[name='action_book_meeting']",),
    ),
    Shot("review-lost-margin", "owner", f"{_ACTION}broker_review_action_lost", ".o_graph_renderer"),
    Shot("figures-cases", "sun", f"{_ACTION}broker_case_figure_action", ".o_pivot, .o_view_controller"),
    Shot("figures-coverage", "sun", f"{_ACTION}broker_coverage_figure_action", ".o_pivot, .o_view_controller"),
    Shot(
        "care-questions",
        "sun",
        f"{_ACTION}broker_care_call_action/{{first:broker.care.call:[('state','=','planned')]}}",
        _FORM,
        clicks=(".o_notebook .nav-link[name=questions]",),
        scroll_to=".o_notebook",
    ),
    Shot(
        "care-answers",
        "sun",
        f"{_ACTION}broker_care_call_action_all/{{first:broker.care.call:[('check_state','=','mismatch')]}}",
        _FORM,
        clicks=(".o_notebook .nav-link[name=questions]",),
        scroll_to=".o_notebook",
    ),
    Shot("rating-links", "sun", f"{_ACTION}broker_rating_link_action", _ROWS),
    Shot(
        "rating-link",
        "sun",
        f"{_ACTION}broker_rating_link_action/{{first:broker.rating.link:[('state','=','open')]}}",
        _FORM,
    ),
    Shot("satisfaction-month", "owner", f"{_ACTION}broker_satisfaction_month_action", ".o_pivot, .o_view_controller"),
    Shot("satisfaction-customers", "owner", f"{_ACTION}broker_satisfaction_customer_action", _ROWS),
    Shot("my-satisfaction", "wang", f"{_ACTION}broker_satisfaction_mine_action", ".o_kanban_renderer"),
    Shot("my-commission", "wang", f"{_ACTION}broker_commission_summary_action_mine", _KANBAN),
    Shot("my-commission-entries", "wang", f"{_ACTION}broker_commission_entry_action_mine", ".o_kanban_renderer"),
    Shot("commission-statements", "owner", f"{_ACTION}broker_commission_statement_action", _ROWS),
    Shot(
        "commission-statement",
        "owner",
        f"{_ACTION}broker_commission_statement_action/{{first:broker.commission.statement:[('state','=','paid')]}}",
        _FORM,
    ),
    Shot("commission-disputes", "owner", f"{_ACTION}broker_commission_dispute_action", _ROWS),
    Shot(
        "commission-dispute",
        "owner",
        f"{_ACTION}broker_commission_dispute_action/{{first:broker.commission.dispute:[('state','=','open')]}}",
        _FORM,
    ),
    Shot(
        "commission-dispute-decision",
        "owner",
        f"{_ACTION}broker_commission_dispute_action/{{first:broker.commission.dispute:[('state','=','open')]}}",
        _FORM,
        clicks=("button[name=action_decide]",),
    ),
    Shot("commission-waiting", "owner", f"{_ACTION}broker_commission_attention_action", _ROWS),
    Shot("commission-costs-not-shown", "owner", f"{_ACTION}broker_line_without_cost_action", _ROWS),
    Shot("commission-ledger", "owner", f"{_ACTION}broker_commission_entry_action", _ROWS),
    Shot(
        "commission-entry",
        "owner",
        f"{_ACTION}broker_commission_entry_action/{{first:broker.commission.entry:[('book','=','released')]}}",
        _FORM,
    ),
    Shot(
        "commission-plan",
        "owner",
        f"{_ACTION}broker_commission_plan_action/{{first:broker.commission.plan}}",
        _FORM,
    ),
    Shot(
        "commission-plan-growth",
        "owner",
        f"{_ACTION}broker_commission_plan_action/{{first:broker.commission.plan}}",
        _FORM,
        clicks=(".o_notebook .nav-link[name=growth]",),
    ),
    Shot("commission-growth", "owner", f"{_ACTION}broker_commission_growth_action", _ROWS),
    Shot("tier-scores", "owner", f"{_ACTION}broker_tier_score_action", _ROWS),
    Shot("tier-score", "owner", f"{_ACTION}broker_tier_score_action/{{first:broker.tier.score}}", _FORM),
    Shot(
        "tier-policy",
        "owner",
        f"{_ACTION}broker_tier_policy_action/{{first:broker.tier.policy:[('state','=','active')]}}",
        _FORM,
    ),
    Shot(
        "tier-effect",
        "owner",
        f"{_ACTION}broker_tier_policy_action/{{first:broker.tier.policy:[('state','=','draft')]}}",
        _FORM,
        clicks=("button[name=action_view_effect]",),
    ),
    Shot(
        "tier-file",
        "owner",
        f"{_ACTION}broker_customer_action/{{first:broker.customer:[('last_score_id.capped_by','!=',False)]}}",
        _FORM,
        clicks=(".o_notebook .nav-link[name=tier]",),
        scroll_to=".o_notebook",
    ),
    Shot(
        "tier-trial",
        "owner",
        f"{_ACTION}broker_customer_action/{{first:broker.customer:[('is_service_drain','=',True)]}}",
        _FORM,
        clicks=(".o_notebook .nav-link[name=tier]", "button[name=action_test_tier]"),
    ),
    Shot(
        "tier-work",
        "owner",
        f"{_ACTION}broker_customer_action/{{first:broker.customer:[('last_score_id.capped_by','!=',False)]}}",
        _FORM,
        clicks=(".o_notebook .nav-link[name=tier]", "button[name=action_view_tier_work]"),
    ),
    Shot(
        "tier-history",
        "owner",
        f"{_ACTION}broker_customer_action/{{first:broker.customer:[('last_score_id.capped_by','!=',False)]}}",
        _FORM,
        clicks=(".o_notebook .nav-link[name=tier]", "button[name=action_view_tier_history]"),
    ),
    Shot(
        "credit-warning",
        "owner",
        "/odoo/sales/{first:sale.order:[('state','=','draft'),('broker_customer_id.last_score_id.capped_by','!=',False)]}",
        _FORM,
    ),
    Shot(
        "credit-release",
        "owner",
        "/odoo/sales/{first:sale.order:[('broker_credit_open','!=',False)]}",
        _FORM,
        clicks=(".alert-danger button[name=action_open_credit_release]",),
    ),
    Shot("what-we-owe", "owner", f"{_ACTION}broker_obligation_action", _ROWS),
    Shot(
        "staff-change",
        "owner",
        f"{_ACTION}broker_staff_change_action/{{first:broker.staff.change:[('state','=','draft')]}}",
        _FORM,
    ),
)

PAPERS = (
    Paper(
        "month-report",
        "owner",
        "/report/pdf/print_broker_crm.broker_month_report_report/{first:broker.month.report}",
    ),
)
