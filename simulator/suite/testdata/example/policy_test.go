// Package policy is an example: the rehearsals of a policy as a suite of one's own.
package policy

import (
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/journal"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
	"rehearse/simulator/suite"
)

func TestPolicy(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "our policy")
}

var rehearsals = os.DirFS("rehearsals")

// Every scenario of the folder is a spec, with its labels.
var _ = Describe("the rehearsals", func() {
	suite.Specs(rehearsals, suite.Options{})
})

// What a scenario does not say can be asserted in Go.
var _ = Describe("signing in", func() {
	It("works because emulated certificates say where their revocation is asked", func() {
		for _, one := range suite.Play(GinkgoTB(), rehearsals, "sign-in.yaml") {
			Expect(one).To(suite.HavePassed())
			Expect(suite.Step(one, "alice", "sign in")).To(suite.Succeed())
			Expect(one).To(suite.HaveSeen("CertificateEmulated", "/ocsp/"))
		}
	})
	It("would not work were everything in TLS taken for HTTP", func() {
		https := scenario.Policy{Name: "https.cpl", Source: []byte("<SSL-Intercept>\n  ssl.forward_proxy(https)\n")}
		one := suite.Options{Override: run.Override{Policy: &https}}.Play(GinkgoTB(), rehearsals, "sign-in.yaml")[0]
		Expect(one).NotTo(suite.HavePassed())
		Expect(suite.Step(one, "alice", "sign in")).To(And(
			suite.EndAt(journal.StageRegister), suite.EndAs(journal.Refused), suite.EndWith("http_400"),
		))
	})
})
