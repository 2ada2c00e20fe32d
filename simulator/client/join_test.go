package client_test

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/server"
	"rehearse/simulator/world"
)

// onEstate runs a spec with the whole Skype estate, and alice's client.
func onEstate(f func(b bench, e *server.Estate, alice *client.Client), change ...func(*client.Config)) {
	onBareBench(func(b bench) {
		e, err := server.Start(server.Config{
			World: b.world, PKI: b.pki, Now: time.Now, Recorder: b.log,
			Users: map[string]string{"alice@contoso.test": "secret"},
		})
		Expect(err).NotTo(HaveOccurred())
		defer e.Close()
		alice := b.client("skype-strict", change...)
		defer alice.Close()
		f(b, e, alice)
	})
}

// withoutUDP is a network that lets no datagrams out.
func withoutUDP(b bench) {
	b.world.Impose(world.Fault{Kind: world.Blackhole, Host: "alice", Proto: "udp"})
}

// flowed is what an actor said last of audio.
func flowed(b bench, actor string) (last journal.MediaFlowed) {
	for _, ev := range b.log.Log() {
		if m, ok := ev.Body.(journal.MediaFlowed); ok && ev.Actor == actor {
			last = m
		}
	}
	return last
}

var _ = Describe("joining a meeting", func() {
	join := client.Join{Meeting: "weekly"}

	It("signs in, allocates over UDP and has its audio come back", func() {
		onEstate(func(b bench, e *server.Estate, alice *client.Client) {
			out := do(alice, join)
			Expect(out.String()).To(Equal("done ok, media udp-relay"))
			Expect(out.Text).To(Equal("In the meeting, with audio"))
			Expect(stages(b.log.Log())).To(Equal([]journal.Stage{
				"resolve", "connect", "tls", "revocation", "register", "provision", "conference", "relay", "conference", "media", "done",
			}))
		})
	})

	It("goes over TCP and pseudo-TLS where UDP does not pass", func() {
		onEstate(func(b bench, e *server.Estate, alice *client.Client) {
			withoutUDP(b)
			Expect(do(alice, join).String()).To(Equal("done ok, media tcp-relay"))
			flow := flowTo(b.log.Log(), "52.112.0.13:443")
			var said []string
			for _, ev := range b.log.Log().Flow(flow) {
				if s, ok := ev.Body.(journal.TURNSent); ok && ev.Actor == "alice" {
					said = append(said, s.String())
				}
			}
			Expect(said[:7]).To(Equal([]string{
				"sent pseudo-TLS hello", "received pseudo-TLS answer",
				"sent Allocate request", "received Allocate error response (error 401 Unauthorized)",
				"sent Allocate request", "received Allocate response (relay address 52.112.0.13:50000)",
				"sent connectivity check (to " + said[6][len("sent connectivity check (to "):],
			}))
			Expect(flowed(b, "alice")).To(Equal(journal.MediaFlowed{Path: "tcp-relay", Sent: 50, Received: 50, Protected: true}))
		})
	})

	It("measures its audio: what is lost each way, and how unevenly the rest comes", func() {
		onEstate(func(b bench, e *server.Estate, alice *client.Client) {
			Expect(do(alice, join).Result).To(Equal(journal.OK))
			lift := b.world.Impose(world.Fault{Kind: world.Loss, Host: "avedge.online.lync.com", Proto: "udp", Rate: 0.05})
			out := do(alice, client.Talk{For: 10 * time.Second})
			lift()
			Expect(out.String()).To(Equal("media refused media_lost, media none"))
			m := flowed(b, "alice")
			Expect(m.Sent).To(Equal(500))
			Expect(m.Received).To(BeNumerically("~", 450, 50))
			Expect(m.Lost).To(BeNumerically("~", 50, 35))
			Expect(m.LostThere + m.Lost).To(BeNumerically("~", 500-m.Received, 10))
			Expect(m.JitterMS).To(BeZero(), "what comes, comes in time")
			b.world.Impose(world.Fault{Kind: world.Latency, Host: "avedge.online.lync.com", Delay: 200 * time.Millisecond})
			Expect(do(alice, client.Talk{For: time.Second}).Result).To(Equal(journal.OK))
			Expect(flowed(b, "alice").Lost).To(BeZero())
			Expect(flowed(b, "alice").LostThere).To(BeZero(), "what was lost before is not counted again")
		})
	})

	DescribeTable("knows audio that goes one way only", func(value, want string, seen journal.MediaFlowed) {
		onEstate(func(b bench, e *server.Estate, alice *client.Client) {
			_, err := e.Impose(server.Fault{Server: server.MCU, Kind: "one_way", Value: value})
			Expect(err).NotTo(HaveOccurred())
			Expect(do(alice, join).String()).To(Equal(want))
			Expect(flowed(b, "alice")).To(Equal(seen))
		})
	},
		Entry("it is not heard", "deaf", "media degraded media_one_way, media none",
			journal.MediaFlowed{Path: "udp-relay", Sent: 50, Protected: true, OneWay: "not heard"}),
		Entry("it hears nothing", "mute", "media degraded media_lost, media none", journal.MediaFlowed{Path: "udp-relay", Sent: 50, Protected: true}),
	)

	It("stays for hours, and leaves in good order", func() {
		onEstate(func(b bench, e *server.Estate, alice *client.Client) {
			withoutUDP(b)
			Expect(do(alice, join).Result).To(Equal(journal.OK))
			time.Sleep(3 * time.Hour)
			Expect(do(alice, client.Status{}).String()).To(Equal("done ok, media tcp-relay"))
			Expect(do(alice, client.Leave{}).String()).To(Equal("done ok"))
			Expect(do(alice, client.Leave{}).String()).To(Equal("conference refused not_in_meeting"))
			Expect(do(alice, client.SignOut{}).String()).To(Equal("done ok"))
		})
	})

	DescribeTable("finds a meeting by any of its addresses", func(address func(e *server.Estate) string) {
		onEstate(func(b bench, e *server.Estate, alice *client.Client) {
			Expect(do(alice, client.Join{Meeting: address(e)}).Result).To(Equal(journal.OK))
		})
	},
		Entry("focus URI", func(*server.Estate) string { return server.FocusURI("alice@contoso.test", "weekly") }),
		Entry("conf link", func(*server.Estate) string {
			return "conf:" + server.FocusURI("alice@contoso.test", "weekly") + "?required-media=audio"
		}),
		Entry("meeting page", func(e *server.Estate) string { return e.MeetingURL("alice@contoso.test", "weekly") }),
	)

	DescribeTable("does not join where there is no meeting", func(address, want string) {
		onEstate(func(b bench, e *server.Estate, alice *client.Client) {
			Expect(do(alice, client.Join{Meeting: address}).String()).To(Equal(want))
			Expect(do(alice, client.Leave{}).Code).To(Equal("not_in_meeting"))
		})
	},
		Entry("no address", "mailto:alice", "conference aborted no_meeting"),
		Entry("another's, who does not exist", server.FocusURI("nobody@contoso.test", "x"), "conference refused sip_404"),
		Entry("a page that is none", "https://meet.lync.com/contoso.test/nobody/x", "conference refused http_404"),
	)

	DescribeTable("is in the meeting without audio", func(impose func(b bench, e *server.Estate), want string) {
		onEstate(func(b bench, e *server.Estate, alice *client.Client) {
			withoutUDP(b)
			impose(b, e)
			out := do(alice, join)
			Expect(out.String()).To(Equal(want + ", media none"))
			Expect(out.Text).To(HavePrefix("In the meeting, without audio: "))
			Expect(do(alice, client.Status{}).Media).To(Equal("none"))
		})
	},
		Entry("MRAS says no", faulty(server.Fault{Server: server.MRAS, Kind: "status", Value: "503"}), "relay degraded sip_503"),
		Entry("no room at the edge", faulty(server.Fault{Server: server.Edge, Kind: "edge_full"}), "relay degraded msturn_486"),
		Entry("the edge hangs up", faulty(server.Fault{Server: server.Edge, Kind: "close"}), "relay degraded closed"),
		Entry("the edge is silent", faulty(server.Fault{Server: server.Edge, Kind: "silent"}), "relay degraded timeout"),
		Entry("the edge is unreachable", func(b bench, e *server.Estate) {
			b.world.Impose(world.Fault{Kind: world.Reset, Host: "avedge.online.lync.com", Port: 443})
		}, "relay degraded connection_refused"),
	)

	DescribeTable("knows what a proxy makes of pseudo-TLS", func(answer, want, bytes string) {
		onEstate(func(b bench, e *server.Estate, alice *client.Client) {
			withoutUDP(b)
			h := b.host("middle")
			serveOn(h, 443, func(c net.Conn) {
				hello := make([]byte, 50)
				if _, err := io.ReadFull(c, hello); err == nil {
					io.WriteString(c, answer)
				}
			})
			edge := e.Endpoints()["edge"]
			b.world.SetA(edge.Host, h.Addr())
			Expect(do(alice, join).String()).To(Equal("relay degraded " + want + ", media none"))
			Expect(journal.Find[journal.BytesReceived](b.log.Log())).To(ConsistOf(HaveField("Hex", HavePrefix(bytes))))
		})
	},
		Entry("seven bytes of alert", "\x15\x03\x01\x00\x02\x02\x28", "alert_handshake_failure", "15 03 01 00 02 02 28"),
		Entry("an HTTP page", page("400 Bad Request", "invalid_request"), "invalid_request", "48 54 54 50 2f 31 2e 31 20 34 30 30"),
		Entry("nonsense", "hello", "protocol_error", "68 65 6c 6c 6f"),
	)

	It("goes over UDP, too, where the challenge says that another edge is to be taken", func() {
		onEstate(func(b bench, e *server.Estate, alice *client.Client) {
			lift, err := e.Impose(server.Fault{Server: server.Edge, Kind: "alternate_server", Value: "52.112.0.99:3478"})
			Expect(err).NotTo(HaveOccurred())
			defer lift()
			other, err := b.world.Host("other-edge", netip.MustParseAddr("52.112.0.99")).ListenPacket("udp", ":3478")
			Expect(err).NotTo(HaveOccurred())
			defer other.Close()
			asked := make(chan byte, 1)
			go func() {
				buf := make([]byte, 2048)
				if _, _, err := other.ReadFrom(buf); err == nil {
					asked <- buf[1]
				}
			}()
			do(alice, join)
			Expect(asked).To(Receive(Equal(byte(3))), "an Allocate request")
		})
	})

	It("follows the edge to another one", func() {
		onEstate(func(b bench, e *server.Estate, alice *client.Client) {
			withoutUDP(b)
			lift, err := e.Impose(server.Fault{Server: server.Edge, Kind: "alternate_server", Value: "52.112.0.99:443"})
			Expect(err).NotTo(HaveOccurred())
			defer lift()
			Expect(do(alice, join).Code).NotTo(Equal("msturn_300"))
			Expect(journal.Find[journal.Connected](b.log.Log())).To(ContainElement(HaveField("To", "52.112.0.99:443")))
		})
	})

	It("notices that its relay is gone", func() {
		onEstate(func(b bench, e *server.Estate, alice *client.Client) {
			withoutUDP(b)
			Expect(do(alice, join).Result).To(Equal(journal.OK))
			b.world.Impose(world.Fault{Kind: world.Reset, Host: "avedge.online.lync.com"})()
			Expect(do(alice, client.Status{}).String()).To(Equal("media degraded reset, media none"))
		})
	})

	It("fails as the sign-in does", func() {
		onEstate(func(b bench, e *server.Estate, alice *client.Client) {
			lift, err := e.Impose(server.Fault{Server: server.SIP, Kind: "certificate_no_pointers"})
			Expect(err).NotTo(HaveOccurred())
			defer lift()
			Expect(do(alice, join).String()).To(Equal("revocation aborted CRYPT_E_NO_REVOCATION_CHECK"))
		})
	})

	It("gives the same journal twice", func() {
		run := func() (log []string) {
			onEstate(func(b bench, e *server.Estate, alice *client.Client) {
				withoutUDP(b)
				do(alice, join)
				time.Sleep(time.Minute)
				do(alice, client.SignOut{})
				for _, ev := range b.log.Log() {
					log = append(log, fmt.Sprintf("%v %s %s %v", ev.At, ev.Flow, ev.Actor, ev.Body))
				}
			})
			return log
		}
		Expect(run()).To(Equal(run()))
	})
})

func faulty(f server.Fault) func(bench, *server.Estate) {
	return func(_ bench, e *server.Estate) {
		_, err := e.Impose(f)
		Expect(err).NotTo(HaveOccurred())
	}
}
