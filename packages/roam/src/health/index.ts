export { checkHealth, watchHealth } from "./check-health.ts";
export { type HealthBoard, healthBoard } from "./health-board.ts";
export { HealthService, HealthStatus } from "./health-service.ts";
