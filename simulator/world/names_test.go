package world_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/simulator/world"
)

func look(n net3, name string) ([]netip.Addr, error) {
	return n.alice.Resolve(context.Background(), name)
}

func beNotFound() OmegaMatcher {
	return WithTransform(func(err error) bool {
		var dns *net.DNSError
		return errors.As(err, &dns) && dns.IsNotFound
	}, BeTrue())
}

var _ = Describe("names", func() {
	there := netip.MustParseAddr("10.2.0.1")

	inBothWorlds("lead to hosts, without case and final dot", func(n net3) {
		Expect(look(n, "SIP.Contoso.Test.")).To(Equal([]netip.Addr{there, netip.MustParseAddr("10.2.0.2")}))
		Expect(look(n, "192.0.2.1")).To(Equal([]netip.Addr{netip.MustParseAddr("192.0.2.1")}))
	})

	inBothWorlds("are entered, replaced and deleted", func(n net3) {
		_, err := look(n, "lyncdiscover.contoso.test")
		Expect(err).To(beNotFound())
		n.SetA("lyncdiscover.contoso.test", there)
		Expect(look(n, "lyncdiscover.contoso.test")).To(ConsistOf(there))
		n.SetA("lyncdiscover.contoso.test")
		_, err = look(n, "lyncdiscover.contoso.test")
		Expect(err).To(beNotFound())
	})

	inBothWorlds("of services come in the order of priority", func(n net3) {
		n.SetSRV("_sip._tls.contoso.test",
			world.SRV{Target: "second.test", Port: 443, Priority: 20},
			world.SRV{Target: "first.test", Port: 5061, Priority: 10})
		found, err := n.alice.ResolveSRV(context.Background(), "_sip._tls.contoso.test")
		Expect(err).NotTo(HaveOccurred())
		Expect(found).To(HaveExactElements(HaveField("Target", "first.test"), HaveField("Target", "second.test")))
		n.SetSRV("_sip._tls.contoso.test")
		_, err = n.alice.ResolveSRV(context.Background(), "_sip._tls.contoso.test")
		Expect(err).To(beNotFound())
	})

	inBothWorlds("can be made unknown", func(n net3) {
		lift := n.Impose(world.Fault{Kind: world.NXDomain, Host: "sip.contoso.test"})
		_, err := look(n, "sip.contoso.test")
		Expect(err).To(beNotFound())
		Expect(look(n, "appliance")).To(HaveLen(1))
		lift()
		Expect(look(n, "sip.contoso.test")).To(HaveLen(2))
	})

	inBothWorlds("can be made to lie, to one host only", func(n net3) {
		elsewhere := netip.MustParseAddr("10.66.0.1")
		n.Impose(world.Fault{Kind: world.WrongName, Host: "sip.contoso.test", Peer: "alice", Addr: elsewhere})
		Expect(look(n, "sip.contoso.test")).To(ConsistOf(elsewhere))
		Expect(n.appliance.Resolve(context.Background(), "sip.contoso.test")).To(HaveLen(2))
	})

	inBothWorlds("can be made slow", func(n net3) {
		n.Impose(world.Fault{Kind: world.SlowNames, Delay: time.Hour})
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		_, err := n.alice.Resolve(ctx, "sip.contoso.test")
		var dns *net.DNSError
		Expect(errors.As(err, &dns)).To(BeTrue())
		Expect(dns.IsTimeout).To(BeTrue())
		Expect(err).To(MatchError(context.DeadlineExceeded))
	})

	inMemory("take a round trip, and a slow answer its time", func(n net3) {
		began := time.Now()
		look(n, "sip.contoso.test")
		Expect(time.Since(began)).To(Equal(2 * time.Millisecond))
		n.Impose(world.Fault{Kind: world.SlowNames, Host: "sip.contoso.test", Delay: 4 * time.Second})
		Expect(look(n, "sip.contoso.test")).To(HaveLen(2))
		Expect(time.Since(began)).To(Equal(4*time.Second + 4*time.Millisecond))
	})
})
