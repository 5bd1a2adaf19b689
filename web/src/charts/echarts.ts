/** The parts of ECharts that we draw with, and no more. Loaded only with the first chart. */
import { LineChart } from 'echarts/charts'
import {
  DataZoomComponent,
  GridComponent,
  MarkLineComponent,
  MarkPointComponent,
  TooltipComponent,
} from 'echarts/components'
import { init, use } from 'echarts/core'
import { LabelLayout } from 'echarts/features'
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers'

use([
  LineChart, DataZoomComponent, GridComponent, MarkLineComponent, MarkPointComponent, TooltipComponent, LabelLayout,
  CanvasRenderer, SVGRenderer,
])

export { init }
