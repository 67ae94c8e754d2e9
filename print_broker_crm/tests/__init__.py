from . import test_handoff_guard, test_handoff_tour, test_relay_guard
from . import test_question
from . import test_contact, test_contact_gather
from . import test_handoff_introduction, test_handoff_list, test_handoff_paths, test_handoff_race
from . import (
    test_assignment,
    test_assignment_property,
    test_customer,
    test_handoff,
    test_handoff_access,
    test_handoff_gaps,
    test_handoff_clock,
)
from . import test_customer_sponsor, test_customer_team, test_customer_team_access
from . import (
    test_commission_access,
    test_commission_append,
    test_commission_attention,
    test_commission_batch,
    test_commission_cases,
    test_commission_charge,
    test_commission_collection,
    test_commission_cost,
    test_commission_growth,
    test_commission_guards,
    test_commission_handoff,
    test_commission_ledger,
    test_commission_periods,
    test_commission_plan,
    test_commission_property,
    test_commission_release,
    test_commission_rules,
    test_commission_sweep,
    test_commission_what_if,
    test_coverage,
    test_coverage_follows,
    test_coverage_night,
    test_churn_risk,
    test_churn_risk_night,
)
from . import (
    test_commission_dispute,
    test_commission_statement,
    test_commission_statement_document,
    test_commission_statement_payment,
    test_commission_statement_race,
    test_commission_statement_tour,
    test_commission_summary,
)
from . import (
    test_obligation,
    test_order_credit,
    test_kanban_cards,
    test_tier_edges,
    test_tier_effect,
    test_tier_signal,
    test_tier_evidence,
    test_tier_inputs,
    test_tier_kept,
    test_tier_manual_score,
    test_tier_night,
    test_tier_policy,
    test_tier_run,
    test_tier_score,
    test_tier_tour,
)
from . import test_care_access, test_care_call, test_care_planning, test_care_rules
from . import test_care_hours, test_care_officers, test_care_retry, test_care_secrets, test_care_tour
from . import test_case, test_case_clock, test_case_obligation, test_case_people, test_case_tier, test_case_tour
from . import test_care_question_tour, test_case_rhythm, test_rating_link_tour
from . import test_access_log, test_access_matrix, test_collision, test_protection_sweep, test_protection_work
from . import test_job_spec, test_job_spec_documents, test_job_spec_tour
from . import test_need, test_referral, test_referral_access
from . import (
    test_case_mail,
    test_case_portal,
    test_case_portal_tour,
    test_claim,
    test_claim_crisis,
    test_claim_reprint,
    test_claim_odd_paths,
    test_claim_tier,
    test_claim_tour,
)
from . import test_promise, test_relay, test_relay_tier, test_relay_tour
from . import test_messages, test_once_through_tour
from . import (
    test_second_rope,
    test_staff_change,
    test_staff_change_money,
    test_staff_change_scale,
    test_staff_change_tour,
)
from . import test_readiness, test_staff_load, test_two_companies
from . import test_proof
from . import test_proof_odd_paths, test_proof_portal
from . import test_job_ticket, test_proof_portal_tour
from . import test_masking, test_masking_documents
from . import test_proof_tier
from . import test_desk_result, test_insight, test_month_report
from . import test_signal, test_signal_finder
from . import (
    test_phone_list,
    test_playbook,
)
from . import test_care_figures
from . import test_target, test_target_event, test_target_goal
from . import test_care_question, test_rating_link, test_rating_link_page, test_satisfaction, test_satisfaction_rpc
from . import test_product_gap, test_trend, test_trend_chance, test_trend_months, test_trend_rule
from . import test_insight_agreement
from . import test_insight_dashboard
from . import test_insight_dashboard_tour
from . import test_customer_month, test_customer_month_night
from . import (
    test_demand,
    test_campaign,
    test_campaign_channels,
    test_campaign_holdback,
    test_campaign_race,
    test_campaign_result,
    test_campaign_withdrawal,
)
from . import (
    test_review,
    test_review_evidence,
    test_review_key,
    test_review_meeting,
    test_review_people,
    test_review_tour,
    test_review_yardstick,
)
