import { registry } from "@web/core/registry";

// Who opens the job's page looks at the newest proof first.
const openProof = (round) => [
    {
        content: "the job's page lists the proof",
        trigger: `.o_broker_proofs a:contains('Proof ${round}'):contains('Waits for your approval')`,
        run: "click",
        expectUnloadPage: true,
    },
    {
        content: "the file is shown, under a name that tells nobody who prints",
        trigger: ".o_broker_proof_file:not(:contains('Golden')):contains('-proof-')",
    },
];

registry.category("web_tour.tours").add("broker_customer_approves_a_proof", {
    steps: () => [
        ...openProof(1),
        {
            content: "approve it",
            trigger: "button[data-bs-target='#broker_proof_approve']",
            run: "click",
        },
        {
            content: "say what is still to be changed",
            trigger: ".modal.show textarea[name='comment']",
            run: "edit A little darker, please",
        },
        {
            content: "the name is filled in",
            trigger: ".modal.show input[name='signer']:value('Buyer jade')",
        },
        {
            content: "the signature is drawn",
            trigger: ".modal.show canvas.o_web_sign_signature",
            async run(helpers) {
                await helpers.waitUntil(
                    () => document.querySelector(".modal.show .o_portal_sign_submit:not([disabled])"),
                    "the form can be sent"
                );
            },
        },
        {
            content: "sign",
            trigger: ".modal.show .o_portal_sign_submit:enabled",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "the answer is there",
            trigger: ".o_broker_proof:contains('Thank you') .o_broker_proof_answer:contains('A little darker')",
        },
        {
            content: "and cannot be given again",
            trigger: ".o_broker_proof:not(:has(button[data-bs-target='#broker_proof_approve']))",
        },
    ],
});

registry.category("web_tour.tours").add("broker_customer_rejects_a_proof", {
    steps: () => [
        ...openProof(1),
        {
            content: "reject it",
            trigger: "button[data-bs-target='#broker_proof_reject']",
            run: "click",
        },
        {
            content: "say why",
            trigger: ".modal.show textarea[name='comment']",
            run: "edit The telephone number is wrong",
        },
        {
            content: "send",
            trigger: ".modal.show button[type='submit']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "the answer is there",
            trigger: ".o_broker_proof_answer:contains('Rejected'):contains('The telephone number is wrong')",
        },
    ],
});

registry.category("web_tour.tours").add("broker_customer_confirms_the_receipt", {
    steps: () => [
        {
            content: "say that something is wrong, without saying what",
            trigger: ".o_broker_receipt button[value='wrong']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "it is asked for",
            trigger: "#broker_cases .alert-danger:contains('Say what is wrong')",
        },
        {
            content: "all is well",
            trigger: ".o_broker_receipt button[value='complete']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "thanks",
            trigger: "#broker_receipt .alert-success:contains('Thank you')",
        },
        {
            content: "and nothing more is asked",
            trigger: "#broker_receipt:not(:has(.o_broker_receipt))",
        },
    ],
});
