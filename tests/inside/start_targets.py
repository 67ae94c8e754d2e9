"""Give people targets, and make a definition and a challenge of one's own from ours."""


def main(env):
    challenge = env.ref("print_broker_crm.gamification_challenge_sales")
    env.ref("base.user_admin").group_ids -= env.ref("print_broker_crm.group_manager")
    env.ref("base.user_admin").group_ids += env.ref("print_broker_crm.group_salesperson")
    challenge.action_start()
    definition = env.ref("print_broker_crm.gamification_goal_definition_margin").copy({"name": "Own Margin"})
    own = challenge.copy({"name": "Own Challenge"})
    own.line_ids[:1].definition_id = definition
    own.action_start()
    goals = env["gamification.goal"].search([("broker_kind", "!=", False)])
    assert len(goals) == 6, goals
    env.cr.commit()
