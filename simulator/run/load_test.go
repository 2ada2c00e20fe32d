package run_test

import (
	"context"
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	crowd "rehearse/simulator/load"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

// crowded plays the steps in the office with four clients in the place of each.
func crowded(text string) *crowd.Report {
	_, s := load(text)
	return loaded(s)
}

func loaded(s *scenario.Scenario) *crowd.Report {
	rep, err := run.Load(context.Background(), s, run.LoadOptions{Clients: 4, Pace: crowd.Pace{Rate: 100}, Bubble: bubble})
	Expect(err).NotTo(HaveOccurred())
	return rep
}

var _ = Describe("a load", func() {
	It("has every step taken by a crowd, and holds each member to what is expected", func() {
		rep := crowded(office + `
  - alice: sign in
    expect: {code: CRYPT_E_NO_REVOCATION_CHECK}
  - bob: {browse: https://sipdir.online.lync.com/}
  - wait: 10m
  - bob: {browse: http://www.example.com/}
    faults: {network: {blackhole: appliance}}
`)
		Expect(rep.Clock).To(Equal(crowd.Virtual))
		Expect(rep.Steps).To(HaveLen(4))
		Expect(rep.Steps[0]).To(And(HaveField("Actor", "alice"), HaveField("Taken", 4), HaveField("AsExpected", 4), HaveField("Line", 10)))
		Expect(rep.Steps[0].Ends).To(ConsistOf(And(HaveField("Code", "CRYPT_E_NO_REVOCATION_CHECK"), HaveField("Count", 4), HaveField("Expected", true))))
		Expect(rep.Steps[2].Outcome.VirtualMS).To(BeEquivalentTo(600000))
		Expect(rep.Steps[3]).To(And(HaveField("Taken", 4), HaveField("AsExpected", 0)))
		Expect(rep.Totals.Otherwise).To(Equal(4 + 4 - rep.Steps[1].AsExpected))
	})

	It("has members who are users of their own, with the password of the one they stand for", func() {
		const text = `name: users
appliance: {deployment: none}
estate: {users: {alice@contoso.test: secret}}
clients: {alice: {profile: skype-strict, password: secret}, bob: {profile: skype-strict, password: wrong}}
steps:
  - alice: {join: weekly}
    expect: {result: ok, media: tcp-relay}
  - alice: {talk: 5s}
  - bob: sign in
    expect: {stage: register, code: sip_401}
`
		rep := crowded(text)
		Expect(rep.Totals.Otherwise).To(BeZero())
		Expect(rep.Steps[0].Audio).To(HaveValue(Equal(crowd.Audio{Sent: 200, Received: 200})))
		Expect(rep.Steps[1].Audio).To(HaveValue(Equal(crowd.Audio{Sent: 1000, Received: 1000})))
	})

	It("has a fault of one client be that of its crowd, and of no other's", func() {
		rep := crowded(office + `
  - faults: {dns: {nxdomain: www.example.com, client: bob}}
  - bob: {browse: http://www.example.com/}
    expect: {code: nxdomain}
  - alice: {browse: http://www.example.com/}
    faults: {network: {blackhole: appliance, client: bob}}
`)
		Expect(rep.Steps[2].Ends[0].Result).NotTo(BeEquivalentTo("timeout"))
	})

	It("gives the same bytes twice", func() {
		text := office + "  - alice: {join: weekly}\n  - bob: {browse: https://www.example.com/}\n"
		first, err := json.Marshal(crowded(text))
		Expect(err).NotTo(HaveOccurred())
		second, err := json.Marshal(crowded(text))
		Expect(err).NotTo(HaveOccurred())
		Expect(string(second)).To(Equal(string(first)))
	})

	It("reports what was done when it is interrupted", func() {
		_, s := load(office + "  - alice: sign in\n")
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		rep, err := run.Load(ctx, s, run.LoadOptions{Clients: 4, Bubble: bubble})
		Expect(err).To(MatchError(context.Canceled))
		Expect(rep.Steps).To(BeEmpty())
	})
})
