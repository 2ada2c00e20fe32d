package lab_test

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"

	"github.com/miekg/dns"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/lab"
	"rehearse/simulator/world"
)

var _ = Describe("the lab's DNS server", func() {
	// ask asks one question over a network.
	ask := func(l *lab.Lab, network, name string, kind uint16) *dns.Msg {
		GinkgoHelper()
		at := l.Endpoints()[lab.DNS]
		c := dns.Client{Net: network}
		m, _, err := c.Exchange(new(dns.Msg).SetQuestion(name, kind), fmt.Sprintf("%s:%d", at.Addr, at.Port))
		Expect(err).NotTo(HaveOccurred())
		return m
	}

	It("knows the estate's names over UDP and TCP", func() {
		l := open()
		for _, network := range []string{"udp", "tcp"} {
			m := ask(l, network, "LyncDiscover.Contoso.test.", dns.TypeA)
			Expect(m.Rcode).To(Equal(dns.RcodeSuccess))
			Expect(m.Answer).To(HaveLen(1))
			Expect(m.Answer[0].String()).To(Equal("LyncDiscover.Contoso.test.\t60\tIN\tA\t127.0.0.1"))
		}
	})

	It("has the service record for clients outside, with its target's address", func(ctx context.Context) {
		l := open()
		sip := l.Endpoints()["sip443"]
		Expect(machine(l).ResolveSRV(ctx, "_sip._tls.contoso.test")).To(Equal([]world.SRV{{Target: "sipdir.online.lync.com", Port: sip.Port}}))
		m := ask(l, "udp", "_sip._tls.contoso.test.", dns.TypeSRV)
		Expect(m.Extra).To(HaveLen(1))
		Expect(m.Extra[0].String()).To(ContainSubstring("sipdir.online.lync.com.\t60\tIN\tA\t127.0.0.1"))
	})

	It("tells a name without such a record from one that does not exist", func() {
		l := open()
		m := ask(l, "udp", "sip.contoso.test.", dns.TypeAAAA)
		Expect(m.Rcode).To(Equal(dns.RcodeSuccess))
		Expect(m.Answer).To(BeEmpty())
		Expect(ask(l, "udp", "_sip._tls.contoso.test.", dns.TypeA).Rcode).To(Equal(dns.RcodeSuccess))
		for _, name := range []string{"sipinternal.contoso.test.", "www.example.com.", "127.0.0.1.", "."} {
			Expect(ask(l, "udp", name, dns.TypeA).Rcode).To(Equal(dns.RcodeNameError), name)
		}
	})

	It("answers dig", func() {
		dig, err := exec.LookPath("dig")
		if err != nil {
			Skip("dig is not installed")
		}
		at := open().Endpoints()[lab.DNS]
		out, err := exec.Command(dig, "@"+at.Addr, "-p", fmt.Sprint(at.Port), "+short", "avedge.online.lync.com").CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(out))
		Expect(netip.ParseAddr(strings.TrimSpace(string(out)))).To(Equal(netip.MustParseAddr("127.0.0.1")))
	})
})
