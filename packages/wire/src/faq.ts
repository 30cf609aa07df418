/** What upstream appends to the remarks that users ask about most. */
export const faq = '\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.'
