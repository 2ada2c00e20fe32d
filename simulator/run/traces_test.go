package run_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
)

var _ = Describe("policy traces of a run", func() {
	It("are pages by destination, in the appliance's layout", func() {
		_, s := load(office + browse)
		s.Appliance.Policy = []scenario.Policy{{Name: "p.cpl", Source: []byte(
			"<SSL-Intercept>\n ssl.forward_proxy(https) trace.request(yes) trace.rules(yes) trace.destination(\"tls.html\")\n" +
				"<Proxy>\n http.method=GET trace.request(yes)\n")}}
		var traces run.Traces
		play(run.Options{Watch: &traces}, s)
		pages := traces.Pages()
		Expect(pages).To(HaveLen(2))
		Expect(pages[0].Destination).To(Equal("default.trace.html"))
		Expect(pages[0].Text).To(HavePrefix("start transaction -------------------\n  CPL Evaluation Trace: transaction ID="))
		Expect(pages[0].Text).To(ContainSubstring("\n  GET https://www.example.com/\n"))
		Expect(pages[0].Text).NotTo(ContainSubstring("MATCH:")) // trace.rules is not set
		Expect(pages[1].Destination).To(Equal("tls.html"))
		Expect(strings.Count(pages[1].Text, "start transaction")).To(Equal(1))
		Expect(pages[1].Text).To(ContainSubstring("    MATCH:     ssl.forward_proxy(https) trace.request(yes)"))
	})
})
