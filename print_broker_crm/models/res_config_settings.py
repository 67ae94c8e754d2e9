from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    broker_target_close_days = fields.Integer(related="company_id.broker_target_close_days", readonly=False)
    broker_care_manager_id = fields.Many2one(related="company_id.broker_care_manager_id", readonly=False)
    broker_call_from = fields.Float(related="company_id.broker_call_from", readonly=False)
    broker_call_to = fields.Float(related="company_id.broker_call_to", readonly=False)
    broker_rating_link_days = fields.Integer(related="company_id.broker_rating_link_days", readonly=False)
    broker_low_score = fields.Integer(related="company_id.broker_low_score", readonly=False)
    broker_check_price_percent = fields.Float(related="company_id.broker_check_price_percent", readonly=False)
    broker_check_date_days = fields.Integer(related="company_id.broker_check_date_days", readonly=False)
    broker_satisfaction_days = fields.Integer(related="company_id.broker_satisfaction_days", readonly=False)
    broker_satisfaction_weight = fields.Float(related="company_id.broker_satisfaction_weight", readonly=False)
    broker_satisfaction_minimum = fields.Integer(related="company_id.broker_satisfaction_minimum", readonly=False)
    broker_handoff_accept_hours = fields.Float(related="company_id.broker_handoff_accept_hours", readonly=False)
    broker_introduction_mail = fields.Boolean(related="company_id.broker_introduction_mail", readonly=False)
    broker_first_contact_hours = fields.Float(related="company_id.broker_first_contact_hours", readonly=False)
    broker_handoff_mode = fields.Selection(related="company_id.broker_handoff_mode", readonly=False)
    broker_handoff_repeat = fields.Boolean(related="company_id.broker_handoff_repeat", readonly=False)
    broker_proof_remind_hours = fields.Float(related="company_id.broker_proof_remind_hours", readonly=False)
    broker_relay_active = fields.Boolean(related="company_id.broker_relay_active", readonly=False)
    broker_relay_warn_percent = fields.Integer(related="company_id.broker_relay_warn_percent", readonly=False)
    broker_receipt_whole = fields.Boolean(related="company_id.broker_receipt_whole", readonly=False)
    broker_masking = fields.Selection(related="company_id.broker_masking", readonly=False)
    broker_credit_check = fields.Boolean(related="company_id.broker_credit_check", readonly=False)
    broker_credit_user_id = fields.Many2one(related="company_id.broker_credit_user_id", readonly=False)
    broker_need_stale_days = fields.Integer(related="company_id.broker_need_stale_days", readonly=False)
    broker_weight_min = fields.Integer(related="company_id.broker_weight_min", readonly=False)
    broker_weight_max = fields.Integer(related="company_id.broker_weight_max", readonly=False)
    broker_size_max = fields.Integer(related="company_id.broker_size_max", readonly=False)
    broker_sponsor_customer_max = fields.Integer(related="company_id.broker_sponsor_customer_max", readonly=False)
    broker_bulk_read_threshold = fields.Integer(related="company_id.broker_bulk_read_threshold", readonly=False)
    broker_access_log_days = fields.Integer(related="company_id.broker_access_log_days", readonly=False)
    broker_report_mail = fields.Boolean(related="company_id.broker_report_mail", readonly=False)
    broker_report_rows = fields.Integer(related="company_id.broker_report_rows", readonly=False)
    broker_demand_months = fields.Integer(related="company_id.broker_demand_months", readonly=False)
    broker_campaign_rest_days = fields.Integer(related="company_id.broker_campaign_rest_days", readonly=False)
    broker_campaign_follow_days = fields.Integer(related="company_id.broker_campaign_follow_days", readonly=False)
    broker_campaign_holdback_percent = fields.Integer(
        related="company_id.broker_campaign_holdback_percent", readonly=False
    )
    broker_campaign_todo_days = fields.Integer(related="company_id.broker_campaign_todo_days", readonly=False)
    broker_signal_user_id = fields.Many2one(related="company_id.broker_signal_user_id", readonly=False)
    broker_signal_todo = fields.Boolean(related="company_id.broker_signal_todo", readonly=False)
    broker_signal_departure_months = fields.Integer(related="company_id.broker_signal_departure_months", readonly=False)
    broker_signal_departure_percent = fields.Integer(
        related="company_id.broker_signal_departure_percent", readonly=False
    )
    broker_signal_currency_id = fields.Many2one(related="company_id.currency_id", string="Currency of Signals")
    broker_signal_departure_amount = fields.Monetary(
        related="company_id.broker_signal_departure_amount",
        currency_field="broker_signal_currency_id",
        readonly=False,
    )
    broker_signal_elsewhere_days = fields.Integer(related="company_id.broker_signal_elsewhere_days", readonly=False)
    broker_signal_export_records = fields.Integer(related="company_id.broker_signal_export_records", readonly=False)
    broker_signal_read_records = fields.Integer(related="company_id.broker_signal_read_records", readonly=False)
    broker_review_tiers = fields.Selection(related="company_id.broker_review_tiers", readonly=False)
    broker_review_trends = fields.Selection(related="company_id.broker_review_trends", readonly=False)
    broker_review_silence = fields.Boolean(related="company_id.broker_review_silence", readonly=False)
    broker_review_user_id = fields.Many2one(related="company_id.broker_review_user_id", readonly=False)
    broker_review_operations_user_id = fields.Many2one(
        related="company_id.broker_review_operations_user_id", readonly=False
    )
    broker_review_days = fields.Integer(related="company_id.broker_review_days", readonly=False)
    broker_review_evidence_days = fields.Integer(related="company_id.broker_review_evidence_days", readonly=False)
    broker_review_lead_hours = fields.Float(related="company_id.broker_review_lead_hours", readonly=False)
    broker_review_duration = fields.Float(related="company_id.broker_review_duration", readonly=False)
    broker_trend_currency_id = fields.Many2one(related="company_id.currency_id", string="Currency of Trends")
    broker_trend_fall_percent = fields.Integer(related="company_id.broker_trend_fall_percent", readonly=False)
    broker_trend_rise_percent = fields.Integer(related="company_id.broker_trend_rise_percent", readonly=False)
    broker_trend_amount = fields.Monetary(
        related="company_id.broker_trend_amount", currency_field="broker_trend_currency_id", readonly=False
    )
    broker_trend_young_times = fields.Float(related="company_id.broker_trend_young_times", readonly=False)
    broker_trend_agree_months = fields.Integer(related="company_id.broker_trend_agree_months", readonly=False)
    broker_trend_chance_times = fields.Float(related="company_id.broker_trend_chance_times", readonly=False)
    broker_trend_new_months = fields.Integer(related="company_id.broker_trend_new_months", readonly=False)
    broker_trend_books_months = fields.Integer(related="company_id.broker_trend_books_months", readonly=False)
    broker_trend_recovered_months = fields.Integer(related="company_id.broker_trend_recovered_months", readonly=False)
    broker_trend_rhythm_jobs = fields.Integer(related="company_id.broker_trend_rhythm_jobs", readonly=False)
    broker_trend_lost_times = fields.Float(related="company_id.broker_trend_lost_times", readonly=False)
    broker_trend_lost_min_days = fields.Integer(related="company_id.broker_trend_lost_min_days", readonly=False)
    broker_trend_lost_max_days = fields.Integer(related="company_id.broker_trend_lost_max_days", readonly=False)
    broker_trend_pause_times = fields.Float(related="company_id.broker_trend_pause_times", readonly=False)
    broker_trend_single_days = fields.Integer(related="company_id.broker_trend_single_days", readonly=False)
    broker_trend_season_days = fields.Integer(related="company_id.broker_trend_season_days", readonly=False)
    broker_trend_regular_months = fields.Integer(related="company_id.broker_trend_regular_months", readonly=False)
    broker_trend_gap_customers = fields.Integer(related="company_id.broker_trend_gap_customers", readonly=False)
    broker_gap_times = fields.Integer(related="company_id.broker_gap_times", readonly=False)
    broker_gap_days = fields.Integer(related="company_id.broker_gap_days", readonly=False)
    broker_coverage_sales_days = fields.Integer(related="company_id.broker_coverage_sales_days", readonly=False)
    broker_coverage_pause = fields.Boolean(related="company_id.broker_coverage_pause", readonly=False)
    broker_coverage_from = fields.Date(related="company_id.broker_coverage_from", readonly=False)
    broker_risk_days = fields.Integer(related="company_id.broker_risk_days", readonly=False)
    broker_risk_high = fields.Integer(related="company_id.broker_risk_high", readonly=False)
    broker_risk_weight = fields.Integer(related="company_id.broker_risk_weight", readonly=False)
    broker_risk_pause_days = fields.Integer(related="company_id.broker_risk_pause_days", readonly=False)
    broker_coverage_todo = fields.Selection(related="company_id.broker_coverage_todo", readonly=False)
    broker_contact_back_days = fields.Integer(related="company_id.broker_contact_back_days", readonly=False)
    broker_contact_correct_hours = fields.Float(related="company_id.broker_contact_correct_hours", readonly=False)
    broker_silent_days = fields.Integer(related="company_id.broker_silent_days", readonly=False)
    broker_readiness_touch_days = fields.Integer(related="company_id.broker_readiness_touch_days", readonly=False)
    broker_readiness_care_days = fields.Integer(related="company_id.broker_readiness_care_days", readonly=False)
    broker_readiness_touch_points = fields.Integer(related="company_id.broker_readiness_touch_points", readonly=False)
    broker_readiness_file_points = fields.Integer(related="company_id.broker_readiness_file_points", readonly=False)
    broker_readiness_care_points = fields.Integer(related="company_id.broker_readiness_care_points", readonly=False)
    broker_readiness_promise_points = fields.Integer(
        related="company_id.broker_readiness_promise_points", readonly=False
    )
    broker_statement_months = fields.Integer(related="company_id.broker_statement_months", readonly=False)
    broker_instalments_due_on_leaving = fields.Boolean(
        related="company_id.broker_instalments_due_on_leaving", readonly=False
    )
    broker_statement_auto = fields.Boolean(related="company_id.broker_statement_auto", readonly=False)
    broker_statement_payment = fields.Selection(related="company_id.broker_statement_payment", readonly=False)
    broker_statement_journal_id = fields.Many2one(related="company_id.broker_statement_journal_id", readonly=False)
    broker_statement_expense_account_id = fields.Many2one(
        related="company_id.broker_statement_expense_account_id", readonly=False
    )
    broker_statement_payable_account_id = fields.Many2one(
        related="company_id.broker_statement_payable_account_id", readonly=False
    )
    broker_dispute_user_id = fields.Many2one(related="company_id.broker_dispute_user_id", readonly=False)
    broker_dispute_days = fields.Integer(related="company_id.broker_dispute_days", readonly=False)
    broker_case_answer_hours = fields.Float(related="company_id.broker_case_answer_hours", readonly=False)
    broker_case_solution_hours = fields.Float(related="company_id.broker_case_solution_hours", readonly=False)
    broker_case_at_once_hours = fields.Float(related="company_id.broker_case_at_once_hours", readonly=False)
    broker_claim_charge = fields.Selection(related="company_id.broker_claim_charge", readonly=False)
    broker_crisis_lead_hours = fields.Float(related="company_id.broker_crisis_lead_hours", readonly=False)
    broker_crisis_duration = fields.Float(related="company_id.broker_crisis_duration", readonly=False)
