package flow

import "rehearse/proxy"

// Shape is what a flow does, whoever the client and the origin are.
type Shape struct {
	Service proxy.Service
	Connect bool
	Speaks  Bytes
	Inside  Bytes
}

// IsHTTP says whether it is HTTP that is spoken, in clear or inside TLS: what
// browsers speak.
func (s Shape) IsHTTP() bool { return s.Speaks == HTTP || s.Inside == HTTP }

// Shapes are all that the interceptor tells apart: each kind of service with and
// without Detect Protocol, and what clients may say to it.
func Shapes() []Shape {
	explicit := proxy.Service{Name: "Explicit HTTP", Group: "Standard", Kind: proxy.ExplicitHTTP, Port: 8080}
	http := proxy.Service{Name: "HTTP", Group: "Standard", Kind: proxy.HTTP, Port: 80}
	https := proxy.Service{Name: "HTTPS", Group: "Standard", Kind: proxy.SSL, Port: 443}
	tunnel := proxy.Service{Name: "TCP Tunnel", Group: "Standard", Kind: proxy.TCPTunnel, Port: 443}
	var list []Shape
	for _, s := range []Shape{{Service: explicit, Connect: true}, {Service: https}, {Service: tunnel}} {
		s.Service.DetectProtocol = true
		for _, inside := range []Bytes{HTTP, SIP, MSTURN, Unknown} {
			s.Speaks, s.Inside = TLS, inside
			list = append(list, s)
		}
		s.Inside = ""
		for _, speaks := range []Bytes{PseudoTLS, HTTP, MSTURN, Unknown} {
			s.Speaks = speaks
			list = append(list, s)
		}
	}
	return append(list,
		Shape{Service: explicit, Speaks: HTTP},
		Shape{Service: explicit, Connect: true, Speaks: TLS, Inside: HTTP},
		Shape{Service: http, Speaks: HTTP},
		Shape{Service: https, Speaks: TLS, Inside: HTTP},
		Shape{Service: https, Speaks: TLS, Inside: SIP},
		Shape{Service: https, Speaks: PseudoTLS},
		Shape{Service: tunnel, Speaks: Unknown},
	)
}

// String is the shape in words: "CONNECT, TLS with SIP inside, detection on".
func (s Shape) String() string {
	text := string(s.Speaks)
	if s.Speaks == TLS {
		text += " with " + string(s.Inside) + " inside"
	}
	switch {
	case s.Connect:
		text = "CONNECT, " + text
	case s.Speaks == HTTP && s.Service.Kind == proxy.ExplicitHTTP:
		return "request to the proxy"
	case s.Service.Kind == proxy.HTTP:
		return "request to a transparent service"
	default:
		text = "transparent " + string(s.Service.Kind) + " service, " + text
	}
	if s.Service.DetectProtocol {
		return text + ", detection on"
	}
	return text + ", detection off"
}
