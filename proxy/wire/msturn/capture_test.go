package msturn_test

import (
	"os"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/wire/msturn"
)

// datagrams gives the UDP payloads of a capture that carry the Magic Cookie.
func datagrams(file string) [][]byte {
	GinkgoHelper()
	f, err := os.Open(file)
	if err != nil {
		Skip("the captures are not beside the module: " + err.Error())
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	Expect(err).NotTo(HaveOccurred())
	var out [][]byte
	for packet := range gopacket.NewPacketSource(r, r.LinkType()).Packets() {
		udp, ok := packet.Layer(layers.LayerTypeUDP).(*layers.UDP)
		if ok && len(udp.Payload) > 28 && string(udp.Payload[20:28]) == msturn.Cookie {
			out = append(out, udp.Payload)
		}
	}
	return out
}

var _ = Describe("MS-TURN in a capture of Teams", func() {
	It("is read whole and written back byte for byte", func() {
		messages := datagrams("../../../../shared/captures/ndpi2021-teams-a.pcap")
		Expect(messages).To(HaveLen(16))
		kinds := map[msturn.Type]int{}
		for _, b := range messages {
			m, err := msturn.Parse(b)
			Expect(err).NotTo(HaveOccurred())
			Expect(m.Bytes()).To(Equal(b))
			kinds[m.Type]++
			for _, a := range m.Attributes {
				if u, ok := a.(msturn.Unknown); ok {
					Expect(u.Type).To(Equal(uint16(0x8006)))
				}
			}
		}
		Expect(kinds).To(Equal(map[msturn.Type]int{
			msturn.AllocateRequest: 5, msturn.AllocateError: 2, msturn.AllocateResponse: 3,
			msturn.SendRequest: 3, msturn.DataIndication: 3,
		}))
	})
})
