package journal_test

import (
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/journal"
)

var _ = Describe("an outcome", func() {
	DescribeTable("is one line", func(o journal.Outcome, want string) {
		Expect(o.String()).To(Equal(want))
	},
		Entry(nil, journal.Outcome{Stage: journal.StageDone, Result: journal.OK, Text: "Signed in", VirtualMS: 5}, "done ok"),
		Entry(nil, journal.Outcome{Stage: journal.StageRevocation, Result: journal.Aborted, Code: "CRYPT_E_REVOKED"}, "revocation aborted CRYPT_E_REVOKED"),
		Entry(nil, journal.Outcome{Stage: journal.StageDone, Result: journal.OK, Media: journal.MediaTCPRelay}, "done ok, media tcp-relay"),
		Entry(nil, journal.Outcome{Stage: journal.StageRelay, Result: journal.Degraded, Code: "msturn_401", Media: journal.MediaNone}, "relay degraded msturn_401, media none"),
	)
	DescribeTable("has fixed names in JSON", func(o journal.Outcome, want string) {
		text, err := json.Marshal(o)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(text)).To(Equal(want))
	},
		Entry("with media", journal.Outcome{Stage: "done", Result: "ok", Text: "In the meeting", Media: "none", VirtualMS: 1},
			`{"stage":"done","result":"ok","code":"","text":"In the meeting","media":"none","virtual_ms":1}`),
		Entry("without", journal.Outcome{Stage: "tls", Result: "refused", Code: "reset"},
			`{"stage":"tls","result":"refused","code":"reset","text":"","virtual_ms":0}`),
	)
})

var _ = Describe("stages", func() {
	It("have the order of the contract", func() {
		Expect(journal.Stages).To(Equal([]journal.Stage{
			"resolve", "discover", "connect", "tls", "revocation", "register", "provision", "relay", "conference", "media", "done",
		}))
		for i, s := range journal.Stages {
			Expect(s.Rank()).To(Equal(i))
		}
		Expect(journal.Stage("lunch").Rank()).To(Equal(-1))
	})
})

var _ = Describe("results", func() {
	It("are those of the contract", func() {
		Expect(journal.Results).To(Equal([]journal.Result{"ok", "refused", "aborted", "timeout", "degraded"}))
	})
})
