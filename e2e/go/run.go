package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/admin"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

const deadline = 40 * time.Second

var instances atomic.Int64

// run is one scenario: its parameters, and the clients it opened, which are shut down when it ends.
type run struct {
	parameters map[string]interface{}
	event      func(figures)
	stopOnce   sync.Once
	stopped    chan struct{}
	closers    []func() error
}

func newRun(parameters map[string]interface{}, event func(figures)) *run {
	return &run{parameters: parameters, event: event, stopped: make(chan struct{})}
}

func (r *run) text(name string) string {
	text, _ := r.parameters[name].(string)
	return text
}

func (r *run) number(name string, otherwise int) int {
	if number, ok := r.parameters[name].(float64); ok {
		return int(number)
	}
	return otherwise
}

func (r *run) topic() string { return r.text("topic") }

// group gives a name of this scenario's own: groups keep offsets and subscriptions, so no two scenarios share one.
func (r *run) group(suffix string) string { return r.topic() + "-" + suffix }

func (r *run) stop() { r.stopOnce.Do(func() { close(r.stopped) }) }

func (r *run) isStopped() bool {
	select {
	case <-r.stopped:
		return true
	default:
		return false
	}
}

// pause returns true when the scenario was told to stop within that time.
func (r *run) pause(time_ time.Duration) bool {
	select {
	case <-r.stopped:
		return true
	case <-time.After(time_):
		return false
	}
}

func (r *run) close() {
	for i := len(r.closers) - 1; i >= 0; i-- {
		_ = r.closers[i]()
	}
}

// await waits for a condition that other goroutines bring about.
func await(condition func() bool, what func() string) error {
	return awaitFor(deadline, condition, what)
}

func awaitFor(limit time.Duration, condition func() bool, what func() string) error {
	end := time.Now().Add(limit)
	for !condition() {
		if time.Now().After(end) {
			return fmt.Errorf("waited %v for %s", limit, what())
		}
		time.Sleep(5 * time.Millisecond)
	}
	return nil
}

func instance() string { return fmt.Sprintf("go-%d", instances.Add(1)) }

// start starts what is shut down at the end of the scenario.
func (r *run) start(client interface {
	Start() error
	Shutdown() error
}) error {
	if err := client.Start(); err != nil {
		return err
	}
	r.closers = append(r.closers, client.Shutdown)
	return nil
}

func (r *run) producer(options ...producer.Option) (rocketmq.Producer, error) {
	all := append([]producer.Option{
		producer.WithNameServer([]string{r.text("namesrv")}),
		producer.WithGroupName(r.group("producer")),
		producer.WithInstanceName(instance()),
	}, options...)
	p, err := rocketmq.NewProducer(all...)
	if err != nil {
		return nil, err
	}
	return p, r.start(p)
}

// makeTopic makes the scenario's topic with that many queues; what the client asks for when a topic is made by the
// first send is always 4.
func (r *run) makeTopic(queues int) error { return r.makeTopicNamed(r.topic(), queues) }

func (r *run) makeTopicNamed(topic string, queues int) error {
	a, err := admin.NewAdmin(admin.WithResolver(primitive.NewPassthroughResolver([]string{r.text("namesrv")})))
	if err != nil {
		return err
	}
	defer a.Close()
	return a.CreateTopic(context.Background(), admin.WithTopicCreate(topic), admin.WithBrokerAddrCreate(r.text("broker")),
		admin.WithReadQueueNums(queues), admin.WithWriteQueueNums(queues))
}

type listener func(context.Context, ...*primitive.MessageExt) (consumer.ConsumeResult, error)

// pushConsumer is started; shutting it down twice is harmless.
func (r *run) pushConsumer(group, expression string, listen listener, options ...consumer.Option) (rocketmq.PushConsumer, error) {
	return r.pushConsumerOf(r.topic(), group, expression, listen, options...)
}

func (r *run) pushConsumerOf(topic, group, expression string, listen listener, options ...consumer.Option) (rocketmq.PushConsumer, error) {
	c, err := rocketmq.NewPushConsumer(append(r.consumerOptions(group), options...)...)
	if err != nil {
		return nil, err
	}
	if err := c.Subscribe(topic, selector(expression), listen); err != nil {
		return nil, err
	}
	return c, r.start(c)
}

func (r *run) pullConsumer(group string) (rocketmq.PullConsumer, error) {
	c, err := rocketmq.NewPullConsumer(r.consumerOptions(group)...)
	if err == nil {
		r.closers = append(r.closers, c.Shutdown)
	}
	return c, err
}

func (r *run) consumerOptions(group string) []consumer.Option {
	return []consumer.Option{
		consumer.WithNameServer([]string{r.text("namesrv")}),
		consumer.WithGroupName(group),
		consumer.WithInstance(instance()),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
	}
}

func selector(expression string) consumer.MessageSelector {
	return consumer.MessageSelector{Type: consumer.TAG, Expression: expression}
}
