package wire_test

import (
	"errors"
	"fmt"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire"
)

func TestWire(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "wire")
}

var _ = Describe("an error", func() {
	It("says where, what was there and what was wanted", func() {
		err := &wire.Error{Message: "ClientHello", Field: "session id", Offset: 38, Got: "33 bytes", Want: "at most 32 bytes"}
		Expect(err).To(MatchError("ClientHello: session id at byte 38: got 33 bytes, want at most 32 bytes"))
	})

	It("is ErrShort, also wrapped, when only bytes are missing", func() {
		Expect(errors.Is(fmt.Errorf("reading: %w", &wire.Error{Short: true}), wire.ErrShort)).To(BeTrue())
		Expect(errors.Is(&wire.Error{}, wire.ErrShort)).To(BeFalse())
		Expect(errors.Is(&wire.Error{Short: true}, errors.ErrUnsupported)).To(BeFalse())
	})
})

var _ = Describe("a verdict", func() {
	It("on a prefix is Maybe while it is right and not whole", func() {
		for prefix, want := range map[string]wire.Verdict{
			"": wire.Maybe, "S": wire.Maybe, "SIP/": wire.Yes, "SIP/2": wire.Yes, "SIX": wire.No, "sip/": wire.No,
		} {
			Expect(wire.HasPrefix([]byte(prefix), "SIP/")).To(Equal(want), prefix)
		}
	})

	It("has a word", func() {
		Expect(fmt.Sprint(wire.No, wire.Maybe, wire.Yes)).To(Equal("no maybe yes"))
	})
})
