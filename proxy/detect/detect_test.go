package detect_test

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/detect"
	"rehearse/proxy/wire/pseudotls"
	"rehearse/proxy/wiretest"
)

// classified feeds every prefix of stream to the table and gives each change of
// its verdict, with the number of bytes it took: "0 maybe, 50 yes ms-turn".
func classified(t detect.Table, stream []byte) string {
	GinkgoHelper()
	var changes []string
	last, decided := "", false
	wiretest.Prefixes(stream, func(prefix []byte) {
		protocol, v := t.Classify(prefix)
		now := v.String()
		if v == detect.Yes {
			now += " " + protocol
		}
		if now == last {
			return
		}
		Expect(decided).To(BeFalse(), "from %s to %s at byte %d", last, now, len(prefix))
		decided = v != detect.Maybe
		last = now
		changes = append(changes, fmt.Sprintf("%d %s", len(prefix), now))
	})
	return strings.Join(changes, ", ")
}

// fixed is a detector with one answer, for the rules of a table.
func fixed(protocol string, v detect.Verdict) detect.Detector {
	return detect.Detector{Protocol: protocol, Detect: func([]byte) detect.Verdict { return v }}
}

var _ = Describe("a table", func() {
	DescribeTable("decides by its first detector that does not say no", func(want string, v detect.Verdict, t detect.Table) {
		protocol, got := t.Classify(nil)
		Expect(protocol).To(Equal(want))
		Expect(got).To(Equal(v))
	},
		Entry("an earlier maybe beats a later yes", "a", detect.Maybe, detect.Table{fixed("a", detect.Maybe), fixed("b", detect.Yes)}),
		Entry("an earlier yes beats a later maybe", "a", detect.Yes, detect.Table{fixed("a", detect.Yes), fixed("b", detect.Maybe)}),
		Entry("the first yes is taken", "b", detect.Yes, detect.Table{fixed("a", detect.No), fixed("b", detect.Yes), fixed("c", detect.Yes)}),
		Entry("none is left", "", detect.No, detect.Table{fixed("a", detect.No), fixed("b", detect.No)}),
		Entry("none was there", "", detect.No, detect.Table{}),
	)

	It("can be cut down to protocols that are wanted, all ways of them, in order", func() {
		t := detect.Outer().Only(func(protocol string) bool { return protocol == detect.MSTURN || protocol == detect.HTTP })
		var protocols []string
		for _, d := range t {
			protocols = append(protocols, d.Protocol)
		}
		Expect(protocols).To(Equal([]string{detect.MSTURN, detect.HTTP, detect.MSTURN}))
		Expect(classified(t, wiretest.Hex("16030100a5010000a10303"))).To(Equal("0 maybe, 5 no"))
	})

	It("that has no MS-TURN takes pseudo-TLS for SSL", func() {
		t := detect.Outer().Only(func(protocol string) bool { return protocol != detect.MSTURN })
		Expect(classified(t, pseudotls.ClientHello([32]byte{}))).To(Equal("0 maybe, 6 yes ssl"))
	})
})

// FuzzDetect: whatever comes, no detector takes back a yes or a no.
func FuzzDetect(f *testing.F) {
	for _, seed := range []string{"GET / HTTP/1.1\r\n", "OPTIONS sip:a SIP/2.0\r\n", "\r\n\r\nSIP/2.0 200 OK\r\n", "PRI * HTTP/2.0\r\n", "NOTIFY * HTTP/1.1\r\n"} {
		f.Add([]byte(seed))
	}
	f.Add(pseudotls.ClientHello([32]byte{}))
	f.Add(wiretest.Hex(framedAllocate))
	f.Add(wiretest.Hex(sslv2Hello))
	f.Fuzz(func(t *testing.T, stream []byte) {
		for i, d := range append(detect.Outer(), detect.Inner()...) {
			last := detect.Maybe
			wiretest.Prefixes(stream[:min(len(stream), 4096)], func(prefix []byte) {
				v := d.Detect(prefix)
				if last != detect.Maybe && v != last {
					t.Fatalf("row %d, %s: %v, then %v at byte %d", i, d.Protocol, last, v, len(prefix))
				}
				last = v
			})
		}
	})
}

func BenchmarkClassify(b *testing.B) {
	samples := map[string][]byte{
		"ssl":       wiretest.Hex("16030100a5010000a10303"),
		"ms-turn":   pseudotls.ClientHello([32]byte{}),
		"http":      []byte("GET http://www.example.com/ HTTP/1.1\r\nHost: www.example.com\r\n\r\n"),
		"extension": []byte("MKCALENDAR /a/long/enough/target HTTP/1.1\r\n\r\n"),
		"sip":       []byte("REGISTER sip:contoso.test SIP/2.0\r\n"),
		"framed":    wiretest.Hex(framedAllocate),
		"unknown":   []byte("\x00\x00\x00\x00 nothing that we know"),
	}
	for name, stream := range samples {
		for leg, table := range map[string]detect.Table{"outer": detect.Outer(), "inner": detect.Inner()} {
			b.Run(leg+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					table.Classify(stream)
				}
			})
		}
	}
}
